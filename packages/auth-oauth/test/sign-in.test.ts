import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { SignInHub } from './support/sign-in-hub.ts';
import { Visitor } from './support/visitor.ts';

let place: SignInHub;
beforeAll(async () => {
  place = await SignInHub.start(
    { groupsClaim: 'groups' },
    { signIn: { authState: true, manageGroups: true } },
  );
});
afterAll(() => place?.[Symbol.asyncDispose]());
beforeEach(async () => {
  await place.provider.tell({ claims: {}, trouble: [], clockAhead: 0, clients: [place.client()] });
  place.hub.log.length = 0;
});

/** Where the provider sends the browser back to. */
const callback = () => `${place.url}/hub/oauth_callback`;
const isSignedIn = async (visitor: Visitor) =>
  (await visitor.go(`${place.url}/hub/token`)).url.pathname === '/hub/token';

describe('signing in at a real OpenID provider', () => {
  it('leads through login and consent back to where somebody wanted to go (W26a)', async () => {
    const page = await new Visitor().signIn(place.url, 'ada', { next: '/hub/token?a=b' });
    expect([page.url.pathname, page.url.search, page.status]).toEqual(['/hub/token', '?a=b', 200]);
  });

  it('takes over name, subject, groups and user info, and keeps the tokens encrypted (P103, P131)', async () => {
    const about = {
      name: 'Grace',
      email: 'grace@example.org',
      email_verified: true,
      groups: ['staff', 'physics'],
    };
    await place.provider.tell({ claims: { grace: about } });
    await new Visitor().signIn(place.url, 'grace');

    const { users } = place.hub.hub;
    const user = await users.get('grace');
    expect(user).toMatchObject({ name: 'grace', groups: ['physics', 'staff'] });
    expect(user?.userInfo).toEqual({ name: 'Grace', email: 'grace@example.org' });
    const subject = `${place.provider.issuer}#grace`;
    const state = await users.authStateOf(user?.id ?? 0, 'oidc', subject);
    expect(Object.keys(state ?? {}).sort()).toEqual([
      'access_token',
      'allowed_by',
      'expires_at',
      'id_claims',
      'id_token',
      'is_admin',
      'oidc_user',
      'refresh_token',
      'scope',
      'token_response',
    ]);
    expect(state).toMatchObject({ scope: ['openid', 'profile', 'email'], oidc_user: { sub: 'grace' } });
  });

  it('lets several tabs wait at the provider at once, in any order', async () => {
    const visitor = new Visitor();
    const first = await visitor.go(`${place.url}/hub/oauth_login?next=/hub/home`);
    const second = await visitor.go(`${place.url}/hub/oauth_login?next=/hub/token`);
    expect((await visitor.pass(second, 'tabs')).url.pathname).toBe('/hub/token');
    expect((await visitor.pass(first, 'tabs')).url.pathname).toBe('/hub/home');
  });

  it('keeps the cookies of waiting tabs few, whatever a browser opens', async () => {
    const visitor = new Visitor();
    for (let tab = 0; tab < 20; tab++) {
      await visitor.go(`${place.url}/hub/oauth_login`, { stopAt: place.provider.issuer });
    }
    expect(
      visitor
        .cookies(callback())
        .split('; ')
        .filter((one) => one.includes('+flow-')),
    ).toHaveLength(8);
  });

  it('begins no sign-in that ends at another host (W22)', async () => {
    const page = await new Visitor().signIn(place.url, 'ada', { next: 'https://evil.example/hub' });
    expect(page.url.origin).toBe(place.url);
  });
});

describe('a sign-in that somebody else began, or that is over', () => {
  it('is refused in another browser, and says so with a way to try again', async () => {
    const answer = await new Visitor().signIn(place.url, 'mallory', { stopAt: callback() });
    const victim = new Visitor();
    const page = await victim.go(answer.url);
    expect(page.status).toBe(400);
    expect(page.text).toContain('was not begun in this browser');
    expect(page.text).toContain('/hub/oauth_login');
    expect(await isSignedIn(victim)).toBe(false);
    expect(place.logged('belongs to no sign-in of this browser')).toHaveLength(1);
  });

  it('is refused when its answer comes a second time', async () => {
    const visitor = new Visitor();
    const answer = await visitor.signIn(place.url, 'ada', { stopAt: callback() });
    const cookies = visitor.cookies(callback());
    expect((await visitor.go(answer.url)).url.pathname).not.toContain('oauth');

    // The cookie is gone; a copy of it helps nobody.
    const copy = await place.hub.request('GET', `${answer.url.pathname}${answer.url.search}`, {
      cookie: cookies,
    });
    expect([copy.status, copy.text]).toEqual([400, expect.stringContaining('was finished before')]);
    expect(JSON.stringify(copy.headers)).not.toContain('jupyterhub-hub-login');
    // Whoever is in already just goes on.
    expect(await visitor.go(answer.url)).toMatchObject({ status: 200 });
  });

  it('cannot be given the code of another sign-in', async () => {
    const theirs = await new Visitor().signIn(place.url, 'mallory', { stopAt: callback() });
    const visitor = new Visitor();
    const mine = await visitor.signIn(place.url, 'ada', { stopAt: callback() });
    mine.url.searchParams.set('code', theirs.url.searchParams.get('code') ?? '');
    const page = await visitor.go(mine.url);
    expect([page.status, await isSignedIn(visitor)]).toEqual([400, false]);
    expect(page.text).toContain('was used before or is too old');
    expect(place.logged('invalid_grant')).not.toHaveLength(0);
  });

  it('is refused when the answer names another issuer', async () => {
    const visitor = new Visitor();
    const answer = await visitor.signIn(place.url, 'ada', { stopAt: callback() });
    answer.url.searchParams.set('iss', 'https://evil.example');
    expect((await visitor.go(answer.url)).status).toBe(503);
    expect(await isSignedIn(visitor)).toBe(false);
  });

  it('is refused without a state or with nonsense in it', async () => {
    for (const query of [
      '',
      '?code=x',
      '?code=x&state=',
      '?code=x&state=..%2f..%2fa',
      `?state=${'x'.repeat(5000)}`,
    ]) {
      expect((await new Visitor().go(`${callback()}${query}`)).status, query.slice(0, 30)).toBe(400);
    }
  });
});

describe('a person the provider does not vouch for', () => {
  it('who denied consent reads a sentence and may try again', async () => {
    const visitor = new Visitor();
    const asked = await visitor.go(`${place.url}/hub/oauth_login`);
    const page = await visitor.go(`${asked.url.href}/abort`);
    expect(page.status).toBe(403);
    expect(page.text).toContain('access was denied there');
    expect(page.text).toContain('/hub/oauth_login');
    expect(place.logged('access_denied')).not.toHaveLength(0);
  });

  it('who has no user name is refused, and the log names the claim but no value', async () => {
    await place.provider.tell({ claims: { nobody: { preferred_username: null, name: 'Secret Name' } } });
    const visitor = new Visitor();
    const page = await visitor.signIn(place.url, 'nobody');
    expect([page.status, await isSignedIn(visitor)]).toEqual([403, false]);
    expect(page.text).toContain('did not tell this hub your user name');
    expect(place.logged('preferred_username')).toHaveLength(1);
    expect(place.logged('Secret Name')).toHaveLength(0);
  });

  it.each([
    ['text', 'admins'],
    ['numbers', [1, 2]],
    ['an object', { admins: true }],
  ])('whose groups are %s is refused', async (_, groups) => {
    await place.provider.tell({ claims: { odd: { groups } } });
    const visitor = new Visitor();
    const page = await visitor.signIn(place.url, 'odd');
    expect([page.status, await isSignedIn(visitor)]).toEqual([403, false]);
    expect(page.text).toContain('in a form that this hub does not understand');
  });

  it('whose groups are told no more has none (P135)', async () => {
    await place.provider.tell({ claims: { mover: { groups: ['staff'] } } });
    await new Visitor().signIn(place.url, 'mover');
    await place.provider.tell({ claims: {} });
    await new Visitor().signIn(place.url, 'mover');
    expect(await place.hub.hub.users.get('mover')).toMatchObject({ groups: [] });
  });
});
