import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { TestHubOptions } from '../../../testing/src/index.ts';
import type { Authenticator, Identity } from '../../src/plugin/index.ts';
import { openApiHub } from '../support/api-hub.ts';
import { Browser } from '../support/browser.ts';
import {
  enter,
  errorsIn,
  type Provider,
  provider,
  steeredAuthenticator,
} from '../support/steered-authenticator.ts';

const key = randomBytes(32).toString('hex');

/** A hub, its provider, and Bob who signed in by the form. */
async function open(options: TestHubOptions & { told?: Provider; more?: Partial<Authenticator> } = {}) {
  const { told = provider(), more = {}, signIn = {}, ...rest } = options;
  const api = await openApiHub({
    cryptKeys: [key],
    plugins: [steeredAuthenticator(told, more)],
    signIn: { authState: true, refreshAge: 300, ...signIn },
    ...rest,
  });
  told.identities.set('bob', told.identities.get('bob') ?? { authState: { token: 'first' } });
  const { browser } = await enter(api.hub.url, 'bob');
  return Object.assign(api, { told, browser, bob: await api.user('bob') });
}

/** 200 for who is signed in, 403 for nobody. */
const statusOf = async (browser: Browser) => (await browser.get('/hub/api/user')).status;
/** A script of our page starts a server. */
function post(browser: Browser, path: string, method = 'POST') {
  return browser.request(method, path, { headers: { 'x-xsrftoken': browser.cookie('_xsrf') ?? '' } });
}

describe('a word of the authenticator that is older than refreshAge', () => {
  it('is asked for again, once, and then counts as new (P125)', async () => {
    await using hub = await open();
    expect(await statusOf(hub.browser)).toBe(200);
    expect(hub.told.asked).toEqual([]);
    await hub.hub.advance(301);
    expect(await statusOf(hub.browser)).toBe(200);
    expect(await statusOf(hub.browser)).toBe(200);
    expect((await hub.bob.api('GET', '/user')).status).toBe(200);
    expect(hub.told.asked).toEqual(['refresh bob']);
    expect(hub.told.states).toEqual([{ token: 'first' }]);
    await hub.hub.advance(301);
    expect((await hub.bob.api('GET', '/user')).status).toBe(200);
    expect(hub.told.asked).toEqual(['refresh bob', 'refresh bob']);
  });

  it('is never asked for with a refreshAge of 0, nor for services (P125, P129)', async () => {
    await using hub = await open({ signIn: { refreshAge: 0 } });
    const service = await hub.service(['list:users']);
    await hub.hub.advance(86_400);
    expect(await statusOf(hub.browser)).toBe(200);
    expect((await service.api('GET', '/users')).status).toBe(200);
    expect(hub.told.asked).toEqual([]);
  });

  it('is asked for once by many requests at a time, and all of them go by the answer', async () => {
    const answer = Promise.withResolvers<boolean>();
    await using hub = await open();
    hub.told.refreshes.set('bob', () => answer.promise);
    await hub.hub.advance(301);
    const answers = Array.from({ length: 12 }, () => statusOf(hub.browser));
    await hub.hub.until(() => hub.told.asked.length > 0);
    // Who comes later finds the refresh under way, too.
    answers.push(statusOf(hub.browser));
    await statusOf(new Browser(hub.hub.url));
    answer.resolve(false);
    expect(new Set(await Promise.all(answers))).toEqual(new Set([403]));
    expect(hub.told.asked).toEqual(['refresh bob']);
  });

  it('is shared by hubs and outlives them', async () => {
    const [one, two] = [provider(), provider()];
    const connectUrl = 'http://127.0.0.1:1'; // nobody connects
    await using first = await open({ told: one, hub: { connectUrl } });
    await first.hub.advance(301);
    expect((await first.bob.api('GET', '/user')).status).toBe(200);
    await using second = await openApiHub({
      cryptKeys: [key],
      plugins: [steeredAuthenticator(two)],
      signIn: { authState: true, refreshAge: 300 },
      database: first.hub.database,
      engine: first.hub.engine,
      proxy: first.hub.proxy,
      host: 'second',
      hub: { connectUrl },
    });
    const token = { token: first.bob.token };
    expect((await second.hub.request('GET', '/hub/api/user', token)).status).toBe(200);
    expect([one.asked, two.asked]).toEqual([['refresh bob'], []]);

    // While one hub asks, the other waits for its answer: a refresh token that counts once is not used twice.
    const answer = Promise.withResolvers<Partial<Identity>>();
    one.refreshes.set('bob', () => answer.promise);
    await first.hub.advance(301);
    const waiting = [first.bob.api('GET', '/user')];
    await first.hub.until(() => one.asked.length === 2);
    waiting.push(second.hub.request('GET', '/hub/api/user', token));
    await second.stranger.api('GET', '/info');
    answer.resolve({ admin: true });
    for (const { status, json } of await Promise.all(waiting)) {
      expect({ status, ...json }).toMatchObject({ status: 200, admin: true });
    }
    expect(two.asked).toEqual([]);
  });

  it('may be about another identity for a login than for a token: the one signed in with last (P125)', async () => {
    const other = provider();
    const told = provider();
    await using hub = await open({
      told,
      plugins: [steeredAuthenticator(told), steeredAuthenticator(other, {}, 'other')],
      access: { nameMap: { 'other:bobby': 'bob' } },
    });
    await enter(hub.hub.url, 'bobby', 'other');
    await hub.hub.advance(301);
    await statusOf(hub.browser);
    expect([told.asked, other.asked]).toEqual([['refresh bob'], []]);
    await hub.bob.api('GET', '/user');
    expect([told.asked, other.asked]).toEqual([['refresh bob'], ['refresh bob']]);
  });
});

describe('what a refresh brings', () => {
  it('is taken over as at a sign-in; the name stays, and an absent auth_state too (P126)', async () => {
    const added: string[] = [];
    await using hub = await open({ more: { onUserAdded: (user) => void added.push(user.name) } });
    added.length = 0;
    const told: unknown[] = [];
    hub.hub.hub.on('authRefreshed', (event) => void told.push(event));
    hub.told.refreshes.set('bob', { name: 'robert', userInfo: { mail: 'bob@example.org' }, admin: true });
    await hub.hub.advance(301);
    // The new rights hold in the very request that asked.
    expect((await hub.browser.get('/hub/api/users')).text).toContain('"ada"');
    const answer = JSON.parse((await hub.browser.get('/hub/api/user')).text) as Record<string, unknown>;
    expect(answer).toMatchObject({ name: 'bob', admin: true, user_info: { mail: 'bob@example.org' } });
    const model = async () => (await hub.ada.api('GET', '/users/bob')).json;
    expect(await model()).toMatchObject({ auth_state: { token: 'first' } });

    hub.told.refreshes.set('bob', { authState: { token: 'second' } });
    await hub.hub.advance(301);
    await statusOf(hub.browser);
    expect(await model()).toMatchObject({ auth_state: { token: 'second' }, admin: true });
    expect(added).toEqual([]);
    expect(await hub.hub.hub.users.get('robert')).toBeNull();
    // P814
    const event = { user: 'bob', authenticator: 'steered', subject: 'bob' };
    expect(told).toEqual([
      { ...event, authState: false },
      { ...event, authState: true },
    ]);
  });

  it('passes the hook for auth_state, and with manageGroups must name groups (P126, P133)', async () => {
    const told = provider();
    told.identities.set('bob', { authState: { a: 1 }, groups: ['first'] });
    await using hub = await open({
      told,
      signIn: { manageGroups: true },
      hooks: { reconcileAuthState: ({ authState }, existing) => ({ ...existing, ...authState }) },
    });
    hub.told.refreshes.set('bob', { authState: { b: 2 }, groups: ['second'] });
    await hub.hub.advance(301);
    await statusOf(hub.browser);
    const model = (await hub.ada.api('GET', '/users/bob')).json;
    expect(model).toMatchObject({ auth_state: { a: 1, b: 2 }, groups: ['second'] });

    hub.told.refreshes.set('bob', { authState: { b: 3 } });
    await hub.hub.advance(301);
    expect(await statusOf(hub.browser)).toBe(200);
    expect(errorsIn(hub.hub.log).join()).toContain('it specifies no groups');
    expect((await hub.ada.api('GET', '/users/bob')).json).toMatchObject({ auth_state: { a: 1, b: 2 } });
  });

  it('gives way to a sign-in that came meanwhile', async () => {
    const answer = Promise.withResolvers<{ authState: { token: string } }>();
    await using hub = await open();
    hub.told.refreshes.set('bob', () => answer.promise);
    await hub.hub.advance(301);
    const waiting = statusOf(hub.browser);
    await hub.hub.until(() => hub.told.asked.length > 0);
    hub.told.identities.set('bob', { authState: { token: 'newest' } });
    await enter(hub.hub.url, 'bob');
    answer.resolve({ authState: { token: 'old' } });
    expect(await waiting).toBe(200);
    expect((await hub.ada.api('GET', '/users/bob')).json).toMatchObject({ auth_state: { token: 'newest' } });
  });

  it.each([
    ['blocked', { more: { isBlocked: () => true } as Partial<Authenticator> }, {}],
    ['no longer allowed, told by a whole identity', { more: { isAllowed: () => false } }, { name: 'bob' }],
  ])('ends it for somebody who is %s', async (_, { more }, answer) => {
    const rule: Partial<Authenticator> = {};
    await using hub = await open({
      access: { allowAll: false, allowExisting: false },
      more: {
        isAllowed: (name, identity) => rule.isAllowed?.(name, identity) ?? true,
        isBlocked: (name, identity) => rule.isBlocked?.(name, identity) ?? false,
      },
    });
    hub.told.refreshes.set('bob', answer);
    await hub.hub.advance(301);
    expect(await statusOf(hub.browser)).toBe(200);
    Object.assign(rule, more);
    await hub.hub.advance(301);
    expect(await statusOf(hub.browser)).toBe(403);
  });
});

describe('somebody whom the authenticator no longer vouches for', () => {
  it('is not logged in by their cookie, which is kept and works again later (P127)', async () => {
    await using hub = await open();
    hub.told.refreshes.set('bob', false);
    await hub.hub.advance(301);
    const page = await hub.browser.get('/hub/home');
    expect([page.status, page.headers.location]).toEqual([302, '/hub/login?next=%2Fhub%2Fhome']);
    expect(await statusOf(hub.browser)).toBe(403);
    expect(hub.browser.cookie('jupyterhub-hub-login')).toBeDefined();
    expect(hub.told.asked).toEqual(['refresh bob']);

    hub.told.refreshes.set('bob', true);
    await hub.hub.advance(31);
    expect(await statusOf(hub.browser)).toBe(200);
    expect(hub.told.asked).toEqual(['refresh bob', 'refresh bob']);
  });

  it('can sign in anew at once, and can sign out', async () => {
    await using hub = await open();
    hub.told.refreshes.set('bob', false);
    await hub.hub.advance(301);
    expect(await statusOf(hub.browser)).toBe(403);
    const { browser } = await enter(hub.hub.url, 'bob');
    expect(await statusOf(browser)).toBe(200);

    await hub.hub.advance(301);
    await browser.get('/hub/logout');
    const [row] = await hub.sql`SELECT count(*)::int AS count FROM logins WHERE last_seen IS NOT NULL`;
    expect(row?.count).toBe(1); // that of the first browser
  });

  it('keeps what tokens may do, with a warning, unless refreshStrict (P127)', async () => {
    await using hub = await open();
    hub.told.refreshes.set('bob', false);
    await hub.hub.advance(301);
    expect((await hub.bob.api('GET', '/user')).status).toBe(200);
    expect((await hub.bob.api('GET', '/user')).status).toBe(200);
    const warnings = hub.hub.log.filter(
      ({ message }) => message === 'the authenticator no longer vouches for a user',
    );
    expect(warnings).toHaveLength(1);
    expect(hub.told.asked).toEqual(['refresh bob']);
  });

  it('loses what tokens may do with refreshStrict (P127)', async () => {
    await using hub = await open({ signIn: { refreshStrict: true } });
    hub.told.refreshes.set('bob', false);
    await hub.hub.advance(301);
    const answer = await hub.bob.api('GET', '/user');
    expect([answer.status, answer.json.message]).toEqual([403, 'auth has expired for bob, login again']);
    hub.told.refreshes.set('bob', true);
    await hub.hub.advance(31);
    expect((await hub.bob.api('GET', '/user')).status).toBe(200);
  });
});

describe('an authenticator that cannot be asked', () => {
  const down = () => Promise.reject(new Error('the provider is down'));

  it('leaves its last word good for refreshGrace and no longer, and is not asked all the time', async () => {
    await using hub = await open({ signIn: { refreshGrace: 6000 } });
    hub.told.refreshes.set('bob', down);
    await hub.hub.advance(301);
    for (let nr = 0; nr < 5; nr++) expect(await statusOf(hub.browser)).toBe(200);
    expect(hub.told.asked).toEqual(['refresh bob']);
    expect(hub.hub.log.filter(({ message }) => message.startsWith('refresh failed'))).toHaveLength(1);

    await hub.hub.advance(5800);
    expect(await statusOf(hub.browser)).toBe(200);
    await hub.hub.advance(300);
    expect(await statusOf(hub.browser)).toBe(403);
    hub.told.refreshes.set('bob', true);
    await hub.hub.advance(31);
    expect(await statusOf(hub.browser)).toBe(200);
  });

  it('that never answers holds a request for its time only, and the next ones not at all', async () => {
    await using hub = await open({ servers: { hookTimeout: 1 } });
    hub.told.refreshes.set('bob', () => new Promise(() => undefined));
    await hub.hub.advance(301);
    for (let nr = 0; nr < 3; nr++) expect(await statusOf(hub.browser)).toBe(200);
    expect(hub.told.asked).toEqual(['refresh bob']);
  });
});

describe('a start', () => {
  it('asks whatever the age, also with a refreshAge of 0 (P128, P129 ours)', async () => {
    await using hub = await open({ signIn: { refreshAge: 0, refreshBeforeStart: true } });
    hub.told.refreshes.set('bob', { authState: { token: 'fresh' } });
    expect((await post(hub.browser, '/hub/api/users/bob/server')).status).toBe(201);
    // The refresh saw the first, the start that follows has what it brought.
    expect(hub.told.asked).toEqual(['forced bob']);
    expect(hub.told.states).toEqual([{ token: 'first' }, { token: 'fresh' }]);
  });

  it('asks once when the request itself had to ask (P125)', async () => {
    await using hub = await open({ signIn: { refreshBeforeStart: true } });
    await hub.hub.advance(301);
    expect((await post(hub.browser, '/hub/api/users/bob/server')).status).toBe(201);
    expect(hub.told.asked).toEqual(['refresh bob']);
  });

  it('of the own server with an expired word is refused, by API and by page (P128, ours 403)', async () => {
    await using hub = await open({ signIn: { refreshBeforeStart: true } });
    hub.told.refreshes.set('bob', false);
    const refused = await post(hub.browser, '/hub/api/users/bob/server');
    expect(refused.status).toBe(403);
    expect(JSON.parse(refused.text)).toMatchObject({ message: 'auth has expired for bob, login again' });
    const page = await hub.browser.get('/hub/spawn');
    expect([page.status, page.text]).toEqual([
      403,
      expect.stringContaining('auth has expired for bob, login again'),
    ]);
    expect(await hub.hub.phase('bob')).not.toBe('ready');
  });

  it('by a token or by somebody else goes on, unless refreshStrict (P128)', async () => {
    await using hub = await open({ signIn: { refreshBeforeStart: true } });
    hub.told.refreshes.set('bob', false);
    expect((await hub.bob.startServer()).status).toBe(201);
    await hub.bob.stopServer();
    await hub.hub.until(async () => (await hub.hub.phase('bob')) === 'stopped');
    expect((await hub.ada.api('POST', '/users/bob/server')).status).toBe(201);
    expect(hub.told.asked).toEqual(['forced bob', 'forced bob']);
  });

  it('by anybody is refused with refreshStrict (P128)', async () => {
    await using hub = await open({ signIn: { refreshBeforeStart: true, refreshStrict: true } });
    hub.told.refreshes.set('bob', false);
    expect((await hub.bob.startServer()).status).toBe(403);
    const answer = await hub.ada.api('POST', '/users/bob/server');
    expect([answer.status, answer.json.message]).toEqual([403, 'auth has expired for bob, login again']);
  });

  it('of somebody who never signed in asks nobody', async () => {
    await using hub = await open({ signIn: { refreshBeforeStart: true, refreshStrict: true } });
    expect((await (await hub.user('kim')).startServer()).status).toBe(201);
    expect(hub.told.asked).toEqual([]);
  });
});

describe('a stop with refreshBeforeStop', () => {
  it('by the owner asks, and with an expired word is refused; nobody else is kept from it (P128)', async () => {
    await using hub = await open({ signIn: { refreshBeforeStop: true } });
    expect((await post(hub.browser, '/hub/api/users/bob/server')).status).toBe(201);
    hub.told.refreshes.set('bob', false);
    const refused = await post(hub.browser, '/hub/api/users/bob/server', 'DELETE');
    expect(refused.status).toBe(403);
    expect(hub.told.asked).toEqual(['forced bob']);
    expect((await hub.ada.api('DELETE', '/users/bob/server')).status).toBe(204);
    expect(hub.told.asked).toEqual(['forced bob']);
  });
});
