import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { oidcAuthenticator } from '../src/index.ts';
import { SignInHub } from './support/sign-in-hub.ts';
import { Visitor } from './support/visitor.ts';

describe('who is let in', () => {
  let place: SignInHub;
  beforeAll(async () => {
    place = await SignInHub.start(
      {
        allowAll: false,
        groupsClaim: 'realm_access.roles',
        allowedGroups: ['students'],
        adminGroups: ['deans'],
        allowedDomains: ['Example.org'],
      },
      { access: { allowed: ['listed'], admins: ['boss'], blocked: ['banned'] } },
    );
  });
  afterAll(() => place?.[Symbol.asyncDispose]());

  async function signIn(login: string, claims: Record<string, unknown>) {
    await place.provider.tell({ claims: { [login]: claims } });
    const page = await new Visitor().signIn(place.url, login);
    return { status: page.status, isAdmin: (await place.hub.hub.users.get(login))?.admin ?? null };
  }
  const roles = (...names: string[]) => ({ realm_access: { roles: names } });

  it.each([
    ['nobody whom no rule knows', 'eve', roles('visitors'), 403, null],
    ['members of an allowed group, found by a path of claims', 'stu', roles('students'), 200, false],
    ['administrators by group', 'dean', roles('deans'), 200, true],
    ['who is on the list of the hub', 'listed', roles(), 200, false],
    ['nobody who is blocked, whatever the groups', 'banned', roles('students'), 403, null],
    [
      'an address of the domain, verified',
      'dom',
      { email: 'dom@example.ORG', email_verified: true },
      200,
      false,
    ],
    [
      'no address that is not verified',
      'liar',
      { email: 'liar@example.org', email_verified: false },
      403,
      null,
    ],
    [
      'no address whose word "true" is a text',
      'odd',
      { email: 'odd@example.org', email_verified: 'true' },
      403,
      null,
    ],
    [
      'no address of another domain that ends so',
      'near',
      { email: 'near@notexample.org', email_verified: true },
      403,
      null,
    ],
    [
      'no two addresses in one',
      'two',
      { email: 'a@example.org@evil.example', email_verified: true },
      403,
      null,
    ],
    ['an administrator of the list, though of no group', 'boss', roles(), 200, true],
  ])('%s', async (_, login, claims, status, isAdmin) => {
    expect(await signIn(login, claims)).toEqual({ status, isAdmin });
  });

  it('no administrator any more who left the group', async () => {
    await signIn('former', roles('deans'));
    expect(await signIn('former', roles('students'))).toEqual({ status: 200, isAdmin: false });
  });
});

describe('two authenticators of this package in one hub', () => {
  it('have addresses of their own, and one cannot take the names of the other', async () => {
    await using second = await SignInHub.start();
    const other = oidcAuthenticator(
      {
        issuer: second.provider.issuer,
        clientId: 'hub',
        clientSecret: 'another secret, also long enough',
        allowAll: true,
      },
      { id: 'other' },
    );
    await using place = await SignInHub.start({}, {}, [other]);
    await second.provider.tell({
      clients: [
        second.client({
          client_secret: 'another secret, also long enough',
          redirect_uris: [`${place.url}/hub/auth/other/oauth_callback`],
        }),
      ],
    });

    const login = await new Visitor().go(`${place.url}/hub/login`);
    expect(login.text).toContain('/hub/oauth_login');
    expect(login.text).toContain('/hub/auth/other/oauth_login');

    expect(await new Visitor().signIn(place.url, 'ada')).toMatchObject({ status: 200 });
    const visitor = new Visitor();
    const asked = await visitor.go(`${place.url}/hub/auth/other/oauth_login?next=/hub/home`);
    expect(asked.url.origin).toBe(second.provider.issuer);
    expect(await visitor.pass(asked, 'ada')).toMatchObject({ status: 403 });
    expect(place.logged('name belongs to another identity')).not.toHaveLength(0);

    const grace = new Visitor();
    const page = await grace.pass(
      await grace.go(`${place.url}/hub/auth/other/oauth_login?next=/hub/home`),
      'grace',
    );
    expect(page).toMatchObject({ status: 200 });

    // An answer to the one is none to the other.
    const mixed = new Visitor();
    const answer = await mixed.signIn(place.url, 'bob', { stopAt: `${place.url}/hub/oauth_callback` });
    const wrong = await mixed.go(`${place.url}/hub/auth/other/oauth_callback${answer.url.search}`);
    expect(wrong.status).toBe(400);
  });
});
