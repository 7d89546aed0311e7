import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDoor } from '../../test/support/door.ts';
import { FakeProvider } from '../../test/support/fake-provider.ts';
import { openshiftAuthenticator } from './openshift.ts';

type Options = Parameters<typeof openshiftAuthenticator>[0];

const api = 'https://openshift.default.svc.cluster.local';
const login = 'https://oauth-openshift.apps.engines.example';
const me = `${api}/apis/user.openshift.io/v1/users/~` as const;
let openshift: FakeProvider;

/** The shape of a user of the cluster. */
const ada = {
  kind: 'User',
  apiVersion: 'user.openshift.io/v1',
  metadata: {
    name: 'Ada',
    uid: '24ec1b20-1815-4f7d-9a1b-0a580a800115',
    resourceVersion: '1',
    creationTimestamp: '2026-01-01T00:00:00Z',
  },
  fullName: 'Ada Lovelace',
  identities: ['ldap:ada'],
  groups: ['data-science', 'system:authenticated'],
};

beforeEach(async () => {
  openshift = await FakeProvider.start();
  openshift
    .oauth({ authorize: `${login}/oauth/authorize`, token: `${login}/oauth/token` })
    .on('GET', `${api}/.well-known/oauth-authorization-server`, {
      json: {
        issuer: login,
        authorization_endpoint: `${login}/oauth/authorize`,
        token_endpoint: `${login}/oauth/token`,
        scopes_supported: ['user:check-access', 'user:full', 'user:info'],
        response_types_supported: ['code', 'token'],
        grant_types_supported: ['authorization_code', 'implicit'],
        code_challenge_methods_supported: ['plain', 'S256'],
      },
    })
    .on('GET', me, { json: ada });
  openshift.token = {
    access_token: 'sha256~access',
    token_type: 'Bearer',
    expires_in: 86_400,
    scope: 'user:info',
  };
});
afterEach(() => openshift[Symbol.asyncDispose]());

function door(options: Partial<Options> = {}) {
  return openDoor(
    openshiftAuthenticator,
    openshiftAuthenticator({ ...openshift.client, ...options }),
    openshift,
  );
}

describe('who comes in', () => {
  it('is a member of a group of the cluster, found at the address that the cluster tells', async () => {
    const outcome = await (await door({ allowedGroups: ['data-science'] })).signIn();
    expect(outcome).toMatchObject({
      verdict: 'in',
      name: 'ada',
      identity: { subject: ada.metadata.uid, groups: ada.groups, userInfo: { name: 'Ada Lovelace' } },
    });
    expect(outcome.asked.get('scope')).toBe('user:info');
  });

  it('is nobody of another group', async () => {
    expect((await (await door({ allowedGroups: ['admins'] })).signIn()).verdict).toBe('known');
    openshift.on('GET', me, { json: { ...ada, groups: null } });
    expect(await (await door({ allowedGroups: ['data-science'] })).signIn()).toMatchObject({
      verdict: 'known',
      identity: { groups: [] },
    });
  });

  it('is another person when the user was made anew under the old name', async () => {
    const uid = '00000000-0000-4000-8000-000000000000';
    openshift.on('GET', me, { json: { ...ada, metadata: { ...ada.metadata, uid } } });
    expect((await (await door()).signIn()).identity).toMatchObject({ name: 'Ada', subject: uid });
  });
});

it('takes the address of the sign-in server as it is given', async () => {
  const outcome = await (await door({ authUrl: `${login}/`, allowAll: true })).signIn();
  expect(outcome.verdict).toBe('in');
  expect(openshift.requestsTo(`${api}/.well-known/oauth-authorization-server`)).toHaveLength(0);
});

describe('nobody comes in over', () => {
  it.each([
    ['a user without uid, such as kube:admin', { json: { ...ada, metadata: { name: 'kube:admin' } } }],
    [
      'a scope that tells nothing',
      { status: 403, json: { kind: 'Status', status: 'Failure', reason: 'Forbidden', code: 403 } },
    ],
    ['a fault', { status: 500, json: {} }],
    ['groups that are no list', { json: { ...ada, groups: 'data-science' } }],
    ['a page instead of JSON', { text: '<html>log in</html>' }],
  ])('%s', async (_what, answer) => {
    openshift.on('GET', me, answer);
    const outcome = await (await door({ allowAll: true })).signIn();
    expect(outcome.verdict).toBe('refused');
  });

  it('a cluster that does not tell where to sign in', async () => {
    openshift.on('GET', `${api}/.well-known/oauth-authorization-server`, { status: 404, json: {} });
    expect(await (await door({ allowAll: true })).signIn()).toMatchObject({
      verdict: 'refused',
      refusal: { status: 503 },
    });
  });
});
