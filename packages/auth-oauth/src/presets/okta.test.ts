import { afterEach, beforeEach, expect, it } from 'vitest';
import { openDoor } from '../../test/support/door.ts';
import { FakeProvider } from '../../test/support/fake-provider.ts';
import { oktaAuthenticator } from './okta.ts';

type Options = Parameters<typeof oktaAuthenticator>[0];

const issuer = 'https://engines.okta.com/oauth2/default';
let okta: FakeProvider;

/** The shape of `GET /v1/userinfo`, shortened. */
const ada = {
  sub: '00uid4BxXw6I6TV4m0g3',
  name: 'Ada Lovelace',
  preferred_username: 'ada@engines.example',
  email: 'ada@engines.example',
  email_verified: true,
  zoneinfo: 'Europe/London',
  groups: ['Everyone', 'jupyter-users'],
};

beforeEach(async () => {
  okta = await FakeProvider.start();
  await okta.openId({
    issuer,
    authorize: `${issuer}/v1/authorize`,
    token: `${issuer}/v1/token`,
    userinfo: `${issuer}/v1/userinfo`,
  });
  okta.token = {
    access_token: 'access-1',
    token_type: 'Bearer',
    expires_in: 3600,
    scope: 'openid profile email',
  };
  okta.idToken = { sub: ada.sub };
  okta.on('GET', `${issuer}/v1/userinfo`, { json: ada });
});
afterEach(() => okta[Symbol.asyncDispose]());

function door(options: Partial<Options> = {}) {
  return openDoor(oktaAuthenticator, oktaAuthenticator({ ...okta.client, issuer, ...options }), okta);
}

it('lets in members of a group, asking for the groups', async () => {
  const outcome = await (await door({ allowedGroups: ['jupyter-users'] })).signIn();
  expect(outcome).toMatchObject({ verdict: 'in', identity: { subject: `${issuer}#${ada.sub}` } });
  expect(outcome.asked.get('scope')).toBe('openid profile email groups');
});

it('lets nobody else in, and asks for no groups that nobody wants', async () => {
  expect((await (await door({ allowedGroups: ['admins'] })).signIn()).verdict).toBe('known');
  const outcome = await (await door()).signIn();
  expect(outcome).toMatchObject({ verdict: 'known', identity: { groups: null } });
  expect(outcome.asked.get('scope')).toBe('openid profile email');
});

it('lets nobody in by groups that Okta does not tell', async () => {
  okta.on('GET', `${issuer}/v1/userinfo`, { json: { ...ada, groups: undefined } });
  expect((await (await door({ allowedGroups: ['jupyter-users'] })).signIn()).verdict).toBe('known');
});

it('lets nobody in with an id token of another authorization server', async () => {
  okta.idToken = { sub: ada.sub, iss: 'https://engines.okta.com/oauth2/other' };
  const outcome = await (await door({ allowAll: true })).signIn();
  expect(outcome).toMatchObject({
    verdict: 'refused',
    refusal: { status: 403, sentence: expect.stringContaining('trusted') },
  });
});

it('asks again only where there is a token to ask with', async () => {
  expect((await door()).authenticator.refresh).toBeUndefined();
  const scopes = ['openid', 'profile', 'email', 'offline_access'];
  expect((await door({ scopes })).authenticator.refresh).toBeDefined();
});
