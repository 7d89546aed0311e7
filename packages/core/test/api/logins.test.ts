import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashSecret } from '../../src/kernel/index.ts';
import { type ApiHub, openApiHub } from '../support/api-hub.ts';
import { Browser } from '../support/browser.ts';
import { apiCall, signedInBrowser } from '../support/sign-in.ts';

let api: ApiHub;
beforeAll(async () => {
  api = await openApiHub();
});
afterAll(() => api[Symbol.asyncDispose]());

interface Login {
  readonly id: string;
  readonly current: boolean;
  readonly user_agent: string;
}
const listed = async (browser: Browser, user: string): Promise<Login[]> =>
  JSON.parse((await apiCall(browser, 'GET', `/users/${user}/logins`)).text).logins;
const isIn = async (browser: Browser) => (await browser.get('/hub/home')).status === 200;
/** Another browser with the same cookie: what a thief has. */
const withCookieOf = (browser: Browser) => {
  const cookie = `jupyterhub-hub-login=${browser.cookie('jupyterhub-hub-login')}`;
  return async () => (await new Browser(api.hub.url).get('/hub/home', { cookie })).status;
};

describe('the list of logins', () => {
  it('shows where one is signed in, newest first, and which of them asks', async () => {
    const first = await signedInBrowser(api.hub.url, 'lara', { userAgent: 'first' });
    const second = await signedInBrowser(api.hub.url, 'lara', { userAgent: 'second' });
    const seen = await listed(first, 'lara');
    expect(seen.map((one) => [one.user_agent, one.current])).toEqual([
      ['second', false],
      ['first', true],
    ]);
    expect((await listed(second, 'lara')).map(({ current }) => current)).toEqual([true, false]);
    expect(seen[0]).toEqual({
      id: expect.stringMatching(/^l\d+$/),
      kind: 'login',
      user: 'lara',
      authenticator: 'authenticator',
      user_agent: 'second',
      ip: '127.0.0.1',
      created: expect.stringMatching(/Z$/),
      last_activity: expect.stringMatching(/Z$/),
      expires_at: expect.stringMatching(/Z$/),
      current: false,
    });
  });

  it('holds nothing a cookie could be made of', async () => {
    const browser = await signedInBrowser(api.hub.url, 'sara');
    const { text } = await apiCall(browser, 'GET', '/users/sara/logins');
    const [row] = await api.sql`SELECT l.hash, l.session_id FROM logins l
      JOIN users u ON u.id = l.user_id WHERE u.name = 'sara'`;
    const cookie = browser.cookie('jupyterhub-hub-login') ?? '';
    for (const secret of [row?.hash, row?.session_id, cookie, browser.cookie('jupyterhub-session-id')]) {
      expect(String(secret).length).toBeGreaterThan(20);
      expect(text).not.toContain(String(secret));
    }
  });

  it('needs the scopes of tokens for that user, and tells nobody else whether the user is there', async () => {
    const tim = await api.user('tim');
    const browser = await signedInBrowser(api.hub.url, 'tim');
    const [login] = await listed(browser, 'tim');
    const reader = await api.service(['read:tokens!user=tim']);
    const manager = await api.service(['tokens!user=tim']);
    const other = await api.service(['read:users']);
    const status = async (who: typeof reader, method: 'GET' | 'DELETE', path = '') =>
      (await who.api(method, `/users/tim/logins${path}`)).status;
    expect(await Promise.all([tim, reader, manager, other].map((who) => status(who, 'GET')))).toEqual([
      200, 200, 200, 403,
    ]);
    expect(await status(reader, 'DELETE', `/${login?.id}`)).toBe(403);
    expect((await manager.api('GET', '/users/nobody/logins')).status).toBe(404);
    expect((await api.user('uma').then((uma) => uma.api('GET', '/users/tim/logins'))).status).toBe(404);
    expect(await isIn(browser)).toBe(true);
    expect(await status(manager, 'DELETE', `/${login?.id}`)).toBe(204);
    expect(await isIn(browser)).toBe(false);
    expect(await api.trail('user:tim')).toContain('login.end');
  });
});

describe('one login', () => {
  it('ends alone: other browsers, servers and tokens go on', async () => {
    const vera = await api.user('vera');
    expect((await vera.startServer()).status).toBe(201);
    const here = await signedInBrowser(api.hub.url, 'vera', { userAgent: 'here' });
    const there = await signedInBrowser(api.hub.url, 'vera', { userAgent: 'there' });
    const stolen = withCookieOf(there);
    const id = (await listed(here, 'vera')).find((one) => one.user_agent === 'there')?.id;
    expect((await apiCall(here, 'DELETE', `/users/vera/logins/${id}`)).status).toBe(204);
    expect(await stolen()).toBe(302);
    expect(await isIn(here)).toBe(true);
    expect(await api.hub.phase('vera')).toBe('ready');
    expect((await vera.server()).json).toMatchObject({ ready: true });
    expect((await apiCall(here, 'DELETE', `/users/vera/logins/${id}`)).status).toBe(404);
  });

  it('may be the own one: the answer clears its cookies', async () => {
    const browser = await signedInBrowser(api.hub.url, 'wim');
    const [own] = await listed(browser, 'wim');
    const stolen = withCookieOf(browser);
    expect((await apiCall(browser, 'DELETE', `/users/wim/logins/${own?.id}`)).status).toBe(204);
    expect(browser.cookie('jupyterhub-hub-login')).toBeUndefined();
    expect(browser.cookie('jupyterhub-session-id')).toBeUndefined();
    expect(await stolen()).toBe(302);
  });

  it("is not another user's, nor just any text", async () => {
    const xena = await signedInBrowser(api.hub.url, 'xena');
    const yuri = await signedInBrowser(api.hub.url, 'yuri');
    const [ofYuri] = await listed(yuri, 'yuri');
    for (const id of [ofYuri?.id, 'l0', 'l1e3', '1', 'a1', `l${'9'.repeat(30)}`, '']) {
      expect((await apiCall(xena, 'DELETE', `/users/xena/logins/${id}`)).status).toBe(404);
    }
    expect(await isIn(yuri)).toBe(true);
  });

  it('cannot be ended by a page of somebody else (R23)', async () => {
    const browser = await signedInBrowser(api.hub.url, 'zoe');
    const [own] = await listed(browser, 'zoe');
    const forged = { headers: { 'content-type': 'application/json' } };
    for (const path of ['/hub/api/users/zoe/logins', `/hub/api/users/zoe/logins/${own?.id}`]) {
      expect((await browser.request('DELETE', path, forged)).status).toBe(403);
    }
    expect(await isIn(browser)).toBe(true);
  });
});

describe('log out everywhere', () => {
  /** A token as an application gets it from a browser's session. */
  async function oauthToken(browser: Browser, user: string): Promise<string> {
    const secret = `oauth-token-of-${user}`;
    const session = browser.cookie('jupyterhub-session-id') ?? '';
    await api.sql`INSERT INTO tokens (user_id, hash, prefix, client_id, session_id, scopes)
      SELECT id, ${hashSecret(secret)}, 'oaut', 'jupyterhub', ${session}, '["read:users!user"]'
      FROM users WHERE name = ${user}`;
    return secret;
  }
  const tokenWorks = async (token: string) =>
    (await api.hub.request('GET', '/hub/api/user', { token })).status === 200;

  it('takes every browser, the one that asks too, and what came of them; API tokens and servers stay', async () => {
    const carl = await api.user('carl');
    await carl.startServer();
    const here = await signedInBrowser(api.hub.url, 'carl');
    const there = await signedInBrowser(api.hub.url, 'carl');
    const stolen = [withCookieOf(here), withCookieOf(there)];
    const bound = await oauthToken(there, 'carl');
    expect(await tokenWorks(bound)).toBe(true);
    expect((await apiCall(here, 'DELETE', '/users/carl/logins')).status).toBe(204);
    expect(here.cookie('jupyterhub-hub-login')).toBeUndefined();
    expect(await Promise.all(stolen.map((visit) => visit()))).toEqual([302, 302]);
    expect(await tokenWorks(bound)).toBe(false);
    expect(await tokenWorks(carl.token)).toBe(true);
    expect(await api.hub.phase('carl')).toBe('ready');
    const again = await signedInBrowser(api.hub.url, 'carl');
    expect((await listed(again, 'carl')).length).toBe(1);
  });

  it('takes the API tokens too when told so, but none a running server lives with', async () => {
    const dana = await api.user('dana');
    await dana.startServer();
    const ofServer = api.hub.engine.of('dana')?.environment.JUPYTERHUB_API_TOKEN ?? '';
    const browser = await signedInBrowser(api.hub.url, 'dana');
    expect((await api.ada.api('DELETE', '/users/dana/logins', { tokens: true })).status).toBe(204);
    expect(await isIn(browser)).toBe(false);
    expect(await tokenWorks(dana.token)).toBe(false);
    expect(await tokenWorks(ofServer)).toBe(true);
    expect(await tokenWorks(api.ada.token)).toBe(true);
  });

  it.each([[{ tokens: 'yes' }], [{ token: true }], [[1]]])('refuses %j', async (body) => {
    await api.user('emma');
    const browser = await signedInBrowser(api.hub.url, 'emma');
    expect((await api.ada.api('DELETE', '/users/emma/logins', body)).status).toBe(400);
    expect(await isIn(browser)).toBe(true);
  });
});
