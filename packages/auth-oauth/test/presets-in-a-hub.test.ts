import { createTestHub, type TestHub } from '@hub/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { githubAuthenticator, keycloakAuthenticator, mediawikiAuthenticator } from '../src/index.ts';
import { FakeProvider } from './support/fake-provider.ts';
import { Visitor } from './support/visitor.ts';

const realm = '/realms/campus';
const teams = '/api/v3/user/teams';
const membership = '/api/v3/user/memberships/orgs/engines';
let github: FakeProvider;
let keycloak: FakeProvider;
let wiki: FakeProvider;
let place: TestHub;

beforeAll(async () => {
  [github, keycloak, wiki] = await Promise.all([
    FakeProvider.start(),
    FakeProvider.start(),
    FakeProvider.start(),
  ]);
  github.oauth({ authorize: '/login/oauth/authorize', token: '/login/oauth/access_token' });
  wiki.oauth({ authorize: '/rest.php/oauth2/authorize', token: '/rest.php/oauth2/access_token' });
  await keycloak.openId({ issuer: realm, authorize: '/auth', token: '/token', userinfo: '/userinfo' });
  place = await createTestHub({
    cryptKeys: ['00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff'],
    signIn: { authState: true, manageGroups: true },
    access: { allowAll: false, allowed: ['listed'] },
    plugins: [
      githubAuthenticator({
        ...github.client,
        url: github.origin,
        allowedOrganizations: ['engines'],
        populateTeams: true,
      }),
      keycloakAuthenticator({
        ...keycloak.client,
        issuer: `${keycloak.origin}${realm}`,
        realmRoles: true,
        allowedGroups: ['hub-user'],
        adminGroups: ['hub-admin'],
      }),
      mediawikiAuthenticator({ ...wiki.client, restUrl: `${wiki.origin}/rest.php`, allowedGroups: ['user'] }),
    ],
  });
});
afterAll(async () => {
  await place?.[Symbol.asyncDispose]();
  for (const one of [github, keycloak, wiki]) await one?.[Symbol.asyncDispose]();
});

beforeEach(() => {
  isAtGitHub('ada', 1815);
  github
    .on('GET', membership, { json: { state: 'active' } })
    .on('GET', teams, { json: [{ slug: 'difference', organization: { login: 'engines' } }] });
});

function isAtGitHub(login: string, id: number) {
  github.on('GET', '/api/v3/user', { json: { login, id, name: 'Ada Lovelace', email: null } });
}

function isAtKeycloak(name: string, sub: string, roles: readonly string[]) {
  keycloak.idToken = { sub };
  keycloak.on('GET', '/userinfo', { json: { sub, preferred_username: name, realm_access: { roles } } });
}

/** The page somebody comes to who wanted to see their tokens; the first authenticator has the short address. */
function come(visitor: Visitor, authenticator = '') {
  const path = authenticator === '' ? 'oauth_login' : `auth/${authenticator}/oauth_login`;
  return visitor.go(`${place.url}/hub/${path}?next=/hub/token`);
}

describe('a hub with GitHub, Keycloak and a wiki', () => {
  it('lets a member of an organisation in, with the teams as groups', async () => {
    const page = await come(new Visitor());
    expect([page.url.pathname, page.status]).toEqual(['/hub/token', 200]);
    expect(await place.hub.users.get('ada')).toMatchObject({
      name: 'ada',
      groups: ['engines:difference'],
      userInfo: { name: 'Ada Lovelace' },
    });
  });

  it('knows somebody again who has another login now, and nobody who took over the old one', async () => {
    await come(new Visitor());
    isAtGitHub('countess', 1815);
    expect((await come(new Visitor())).url.pathname).toBe('/hub/token');
    expect(await place.hub.users.get('countess')).toBeNull();

    isAtGitHub('ada', 666);
    expect((await come(new Visitor())).status).toBe(403);
  });

  it('does not take the same name at another provider for the same person', async () => {
    await come(new Visitor());
    isAtKeycloak('ada', '5f0c6b1e', ['hub-user', 'hub-admin']);
    expect((await come(new Visitor(), 'keycloak')).status).toBe(403);
    expect(await place.hub.users.get('ada')).toMatchObject({ admin: false });
  });

  it('keeps out who is no member, and makes no user of them', async () => {
    isAtGitHub('mallory', 13);
    github.on('GET', membership, { status: 404, json: { message: 'Not Found' } });
    const page = await come(new Visitor());
    expect(page.status).toBe(403);
    expect(await place.hub.users.get('mallory')).toBeNull();
  });

  it('lets in whom its own list names, and no rule of the provider', async () => {
    isAtGitHub('Listed', 14);
    github.on('GET', membership, { status: 404, json: { message: 'Not Found' } });
    expect((await come(new Visitor())).url.pathname).toBe('/hub/token');
  });

  it('says that the provider is at fault when it is', async () => {
    github.on('GET', membership, { status: 500, json: {} });
    const page = await come(new Visitor());
    expect(page.status).toBe(503);
    expect(page.text).toContain('500');
  });

  it('makes administrators of a role, and ends that with the role', async () => {
    isAtKeycloak('grace', '9a1b', ['hub-user', 'hub-admin']);
    await come(new Visitor(), 'keycloak');
    expect(await place.hub.users.get('grace')).toMatchObject({
      admin: true,
      groups: ['hub-admin', 'hub-user'],
    });
    isAtKeycloak('grace', '9a1b', ['hub-user']);
    await come(new Visitor(), 'keycloak');
    expect(await place.hub.users.get('grace')).toMatchObject({ admin: false, groups: ['hub-user'] });
  });

  it('keeps the capitals of the wiki', async () => {
    const profile = { sub: 1, username: 'Ada Lovelace', blocked: false, groups: ['user'] };
    wiki.on('GET', '/rest.php/oauth2/resource/profile', { json: profile });
    expect((await come(new Visitor(), 'mediawiki')).url.pathname).toBe('/hub/token');
    expect(await place.hub.users.get('Ada_Lovelace')).not.toBeNull();
  });
});
