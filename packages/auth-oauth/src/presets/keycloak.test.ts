import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDoor, refreshOf } from '../../test/support/door.ts';
import { FakeProvider } from '../../test/support/fake-provider.ts';
import { keycloakAuthenticator } from './keycloak.ts';

type Options = Parameters<typeof keycloakAuthenticator>[0];

const realm = '/realms/campus';
const protocol = `${realm}/protocol/openid-connect` as const;
let keycloak: FakeProvider;

/** The shape of the userinfo answer with the mappers that the documentation names. */
const ada = {
  sub: '5f0c6b1e-3f0e-4a55-9c39-5d3a6f0e1815',
  email_verified: true,
  name: 'Ada Lovelace',
  preferred_username: 'ada',
  email: 'ada@engines.example',
  groups: ['/staff', '/staff/engines'],
  realm_access: { roles: ['default-roles-campus', 'hub-user'] },
  resource_access: { hub: { roles: ['teacher'] }, account: { roles: ['view-profile'] } },
};

beforeEach(async () => {
  keycloak = await FakeProvider.start();
  await keycloak.openId({
    issuer: realm,
    authorize: `${protocol}/auth`,
    token: `${protocol}/token`,
    userinfo: `${protocol}/userinfo`,
    metadata: { end_session_endpoint: `${keycloak.origin}${protocol}/logout` },
  });
  keycloak.token = {
    access_token: 'access-1',
    token_type: 'Bearer',
    expires_in: 300,
    refresh_token: 'refresh-1',
  };
  keycloak.idToken = { sub: ada.sub, sid: 'd0b8f7a2', typ: 'ID', preferred_username: 'ada' };
  told(ada);
});
afterEach(() => keycloak[Symbol.asyncDispose]());

function told(claims: object) {
  keycloak.on('GET', `${protocol}/userinfo`, { json: claims });
}

function door(options: Partial<Options> = {}) {
  const issuer = `${keycloak.origin}${realm}`;
  return openDoor(
    keycloakAuthenticator,
    keycloakAuthenticator({ ...keycloak.client, issuer, ...options }),
    keycloak,
  );
}

describe('groups', () => {
  it('are those of the claim, with the session that Keycloak may end', async () => {
    const outcome = await (await door({ allowedGroups: ['/staff'] })).signIn();
    expect(outcome).toMatchObject({
      verdict: 'in',
      name: 'ada',
      identity: {
        subject: `${keycloak.origin}${realm}#${ada.sub}`,
        providerSession: 'd0b8f7a2',
        groups: ['/staff', '/staff/engines'],
      },
    });
  });

  it('are roles of the realm and of clients, too, where they shall be', async () => {
    const options = { realmRoles: true, clientRoles: ['hub', 'unknown'] };
    const outcome = await (
      await door({ ...options, allowedGroups: ['hub:teacher'], adminGroups: ['hub-admin'] })
    ).signIn();
    expect(outcome.verdict).toBe('in');
    expect(outcome.identity?.groups).toEqual([
      '/staff',
      '/staff/engines',
      'default-roles-campus',
      'hub-user',
      'hub:teacher',
    ]);
    expect(outcome.identity?.admin).not.toBe(true);
  });

  it('make administrators', async () => {
    const outcome = await (await door({ realmRoles: true, adminGroups: ['hub-user'] })).signIn();
    expect(outcome).toMatchObject({ verdict: 'in', identity: { admin: true } });
  });

  it('of somebody without any role of a client are fewer', async () => {
    told({ ...ada, groups: undefined, resource_access: undefined });
    expect((await (await door({ clientRoles: ['hub'], allowAll: true })).signIn()).identity?.groups).toEqual(
      [],
    );
  });
});

describe('who stays out', () => {
  it('is who has another role', async () => {
    const options = { realmRoles: true, allowedGroups: ['hub-admin'] };
    expect((await (await door(options)).signIn()).verdict).toBe('known');
    expect((await (await door()).signIn()).verdict).toBe('known');
  });

  it('is everybody while a mapper is missing, and the log says which', async () => {
    told({ ...ada, realm_access: undefined });
    const opened = await door({ realmRoles: true, allowAll: true });
    expect(await opened.signIn()).toMatchObject({ verdict: 'refused', refusal: { status: 503 } });
    expect(JSON.stringify(opened.logged)).toContain('User Realm Role');
  });

  it.each([
    ['roles that are no list', { realm_access: { roles: 'hub-user' } }],
    ['a role that is no text', { realm_access: { roles: [{ name: 'hub-user' }] } }],
    ['groups that are no list', { groups: { staff: true } }],
  ])('is everybody with %s', async (_what, claims) => {
    told({ ...ada, ...claims });
    const outcome = await (await door({ realmRoles: true, allowAll: true })).signIn();
    expect(outcome.verdict).toBe('refused');
    expect(outcome.refusal).not.toBeNull();
  });

  it('is who comes from another realm', async () => {
    keycloak.idToken = { sub: ada.sub, iss: `${keycloak.origin}/realms/other` };
    expect(await (await door({ allowAll: true })).signIn()).toMatchObject({
      verdict: 'refused',
      refusal: { status: 403 },
    });
  });
});

it('takes groups away that a new id token does not name', async () => {
  const { groups: _, ...without } = ada;
  told(without);
  keycloak.idToken = { sub: ada.sub, groups: ['/staff'] };
  const opened = await door({ allowedGroups: ['/staff'], adminGroups: ['/staff'] });
  const outcome = await opened.signIn();
  expect(outcome).toMatchObject({ verdict: 'in', identity: { admin: true } });

  keycloak.idToken = { sub: ada.sub };
  const later = await refreshOf(opened, outcome);
  expect(later.verdict).toBe('known');
  expect(later.identity?.groups).toEqual([]);
  expect(await opened.authenticator.isAdmin?.('ada', later.identity ?? { name: '' })).toBe(false);
});
