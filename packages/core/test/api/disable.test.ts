import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestHub } from '../../../testing/src/index.ts';
import { createTestDatabase, type TestDatabase } from '../../src/index.ts';
import { type ApiHub, openApiHub } from '../support/api-hub.ts';
import { Browser } from '../support/browser.ts';
import { apiCall, signedInBrowser } from '../support/sign-in.ts';

const web = { secret: 'web-secret-of-config', client: 'service-web' };
let api: ApiHub;
beforeAll(async () => {
  api = await openApiHub({
    servers: { named: true, slowStart: 0 },
    roles: [{ name: 'visitor', scopes: ['access:services!service=web'], groups: ['visitors'] }],
    groups: { visitors: { users: ['olga'] } },
    services: [{ name: 'web', url: 'http://127.0.0.1:9', apiToken: web.secret, oauth: { noConfirm: true } }],
  });
});
afterAll(() => api[Symbol.asyncDispose]());

const disable = (user: string, disabled = true) => api.ada.api('PATCH', `/users/${user}`, { disabled });
const userStatus = async (token: string) => (await api.hub.request('GET', '/hub/api/user', { token })).status;

describe('a disabled user', () => {
  it('is refused by token and by cookie from the next request on, and shown as disabled', async () => {
    const nora = await api.user('nora');
    const browser = await signedInBrowser(api.hub.url, 'nora');
    expect((await nora.api('GET', '/users/nora')).json).not.toHaveProperty('disabled');
    const { status, json } = await disable('nora');
    expect([status, json.disabled]).toEqual([200, true]);
    expect(await userStatus(nora.token)).toBe(403);
    expect((await browser.get('/hub/home')).status).toBe(302);
    expect((await apiCall(browser, 'GET', '/users/nora')).status).toBe(403);
    expect((await api.ada.api('GET', '/users/nora')).json.disabled).toBe(true);
    expect(await api.trail('user:nora')).toEqual(expect.arrayContaining(['user.disable', 'login.end-all']));
  });

  it('cannot sign in, not even to ask for a token', async () => {
    await api.user('otto');
    await disable('otto');
    const auth = { username: 'otto', password: 'otto' };
    const asked = await api.hub.request('POST', '/hub/api/users/otto/tokens', { body: { auth } });
    expect(asked.status).toBe(403);
    await expect(signedInBrowser(api.hub.url, 'otto')).rejects.toThrow('403');
  });

  it('gets nothing for a code that an application was given before', async () => {
    const browser = await signedInBrowser(api.hub.url, 'olga');
    const authorize = `/hub/api/oauth2/authorize?client_id=${web.client}&response_type=code&state=s`;
    const code = async () => {
      const { headers } = await browser.get(authorize);
      return new URL(headers.location ?? '', api.hub.url).searchParams.get('code') ?? '';
    };
    const redeem = (given: string) =>
      browser.post('/hub/api/oauth2/token', {
        client_id: web.client,
        client_secret: web.secret,
        grant_type: 'authorization_code',
        code: given,
        redirect_uri: '/services/web/oauth_callback',
      });
    const granted = await redeem(await code());
    const token: string = JSON.parse(granted.text).access_token;
    expect(await userStatus(token)).toBe(200);

    // Neither one that waits when the user is disabled, nor one that was hidden from that.
    const [waiting, hidden] = [await code(), await code()];
    await api.sql`CREATE TABLE kept AS SELECT * FROM oauth_codes WHERE user_id = (SELECT id FROM users WHERE name = 'olga')`;
    await disable('olga');
    expect(await userStatus(token)).toBe(403);
    expect(JSON.parse((await redeem(waiting)).text)).toMatchObject({ error: 'invalid_grant' });
    await api.sql`INSERT INTO oauth_codes SELECT * FROM kept ON CONFLICT DO NOTHING`;
    expect(JSON.parse((await redeem(hidden)).text)).toMatchObject({ error: 'invalid_grant' });
    const [row] = await api.sql`SELECT count(*)::int AS count FROM tokens t JOIN users u ON u.id = t.user_id
      WHERE u.name = 'olga'`;
    expect(row?.count).toBe(0);
    await disable('olga', false);
    expect(await userStatus(token)).toBe(403); // it came of a login, and that is gone
  });

  it('keeps no token of codes that are redeemed in the very moment, and nothing waits in a circle', async () => {
    for (let round = 0; round < 3; round++) {
      await disable('olga', false);
      const browser = await signedInBrowser(api.hub.url, 'olga');
      const authorize = `/hub/api/oauth2/authorize?client_id=${web.client}&response_type=code&state=s`;
      const codes: string[] = [];
      for (let nr = 0; nr < 8; nr++) {
        const { headers } = await browser.get(authorize);
        codes.push(new URL(headers.location ?? '', api.hub.url).searchParams.get('code') ?? '');
      }
      const redeem = (code: string) =>
        new Browser(api.hub.url).post('/hub/api/oauth2/token', {
          client_id: web.client,
          client_secret: web.secret,
          grant_type: 'authorization_code',
          code,
          redirect_uri: '/services/web/oauth_callback',
        });
      const [disabled, ...redeemed] = await Promise.all([disable('olga'), ...codes.map(redeem)]);
      expect(disabled.status).toBe(200);
      for (const { status } of redeemed) expect([200, 400]).toContain(status);
      const rows =
        await api.sql`SELECT t.id FROM tokens t JOIN users u ON u.id = t.user_id WHERE u.name = 'olga'`;
      expect(rows).toEqual([]);
    }
  });

  it('loses all servers, the route before the process, and what waits or starts', async () => {
    const pia = await api.user('pia');
    await pia.startServer('runs');
    await api.hub.until(async () => (await api.hub.phase('pia', 'runs')) === 'ready');
    const hold = Promise.withResolvers<void>();
    api.hub.engine.plan('pia', { beforeSave: hold.promise });
    await pia.startServer('starts');
    await api.hub.until(async () => (await api.hub.phase('pia', 'starts')) === 'starting');
    const mayStop = Promise.withResolvers<void>();
    api.hub.engine.plan('pia', { beforeStop: mayStop.promise });
    expect((await disable('pia')).status).toBe(200);
    hold.resolve();
    // While the process still runs, nothing leads to it any more.
    await api.hub.until(() => !api.hub.proxy.routes.has('/user/pia/runs/'));
    expect(api.hub.engine.of('pia')).toBeDefined();
    mayStop.resolve();
    for (const name of ['runs', 'starts']) {
      await api.hub.until(async () => (await api.hub.phase('pia', name)) === 'stopped');
    }
    expect(api.hub.engine.of('pia')).toBeUndefined();
  });

  it('has no server started by anybody else, and no token made', async () => {
    await api.user('quin');
    await disable('quin');
    const starts = await api.service(['servers', 'tokens', 'read:users']);
    const start = await starts.api('POST', '/users/quin/server');
    expect([start.status, start.json.message]).toEqual([403, 'quin is disabled: no server is started.']);
    expect((await starts.api('POST', '/users/quin/servers/lab')).status).toBe(403);
    expect((await starts.api('POST', '/users/quin/tokens')).status).toBe(403);
    expect(api.hub.engine.launches('quin')).toBe(0);
  });

  it('holds no right to a server that is shared with them', async () => {
    const host = await api.user('host');
    await host.api('PUT', '/users/host/servers/lab');
    const guest = await api.user('guest');
    expect((await api.ada.api('POST', '/shares/host/lab', { user: 'guest' })).status).toBe(200);
    expect((await guest.api('GET', '/user')).json.scopes).toContain('access:servers!server=host/lab');
    await disable('guest');
    expect(await userStatus(guest.token)).toBe(403);
    await disable('guest', false);
    expect((await guest.api('GET', '/user')).json.scopes).toContain('access:servers!server=host/lab');
  });

  it('has streams that end within a second', async () => {
    const hold = Promise.withResolvers<void>();
    api.hub.engine.plan('sven', { beforeSave: hold.promise });
    const sven = await api.user('sven');
    await sven.startServer();
    // Somebody who may look on at another's start.
    const watcher = await api.user('watcher', ['read:servers!user=sven']);
    const own = sven.api('GET', '/users/sven/server/progress');
    const theirs = watcher.api('GET', '/users/sven/server/progress');
    let open = 2;
    for (const stream of [own, theirs]) stream.finally(() => open--);
    await api.hub.until(async () => (await sven.server()).json.pending === 'spawn');
    expect(open).toBe(2);
    await disable('watcher');
    const began = performance.now();
    expect((await theirs).text).not.toContain('failed');
    expect(performance.now() - began).toBeLessThan(3000);
    expect(open).toBe(1);
    hold.resolve();
    expect((await own).text).toContain('"ready":true');
  });

  it('comes back as they were: API tokens work again, browsers sign in anew', async () => {
    const tara = await api.user('tara');
    const browser = await signedInBrowser(api.hub.url, 'tara');
    await disable('tara');
    expect(await userStatus(tara.token)).toBe(403);
    expect((await disable('tara', false)).json).not.toHaveProperty('disabled');
    expect(await userStatus(tara.token)).toBe(200);
    expect((await browser.get('/hub/home')).status).toBe(302);
    expect((await (await signedInBrowser(api.hub.url, 'tara')).get('/hub/home')).status).toBe(200);
    expect((await tara.startServer()).status).toBeLessThan(300);
  });
});

describe('who disables', () => {
  it('holds admin:users, is not disabled by oneself, and administrators only by their like (R67)', async () => {
    await api.user('uwe');
    const manager = await api.service(['admin:users']);
    const reader = await api.service(['read:users']);
    expect((await reader.api('PATCH', '/users/uwe', { disabled: true })).status).toBe(403);
    expect((await manager.api('PATCH', '/users/uwe', { disabled: true })).status).toBe(200);
    expect((await manager.api('PATCH', '/users/ada', { disabled: true })).status).toBe(403);
    const self = await api.ada.api('PATCH', '/users/ada', { disabled: true });
    expect([self.status, self.json.message]).toEqual([400, 'Cannot disable yourself!']);
    expect((await api.ada.api('PATCH', '/users/ada', { disabled: false })).status).toBe(200);
    expect((await api.ada.api('PATCH', '/users/uwe', { disabled: 'yes' })).status).toBe(400);
  });

  it('may do more in one go, or nothing of it', async () => {
    const vito = await api.user('vito');
    await api.user('walt');
    const taken = await api.ada.api('PATCH', '/users/vito', { name: 'walt', disabled: true });
    expect(taken.status).toBe(400);
    expect(await userStatus(vito.token)).toBe(200);
    const both = await api.ada.api('PATCH', '/users/vito', { name: 'vitus', disabled: true });
    expect(both.json).toMatchObject({ name: 'vitus', disabled: true });
    expect(await userStatus(vito.token)).toBe(403);
  });
});

describe('a name that the configuration blocks (P107, P617)', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database.drop());

  it('is refused by whatever it still holds once the hub has restarted, its server stopped; and let in again', async () => {
    let cookie: string;
    let token: string;
    let ended: string;
    const before = await createTestHub({ database, groups: { staff: { users: ['bob'] } } });
    try {
      const bob = await before.signIn('bob', { admin: true });
      token = bob.token;
      expect((await bob.startServer()).status).toBe(201);
      const browser = await signedInBrowser(before.url, 'bob');
      cookie = `jupyterhub-hub-login=${browser.cookie('jupyterhub-hub-login')}`;
      ended = (await before.signIn('eve')).token;
      await before.hub.stop({ keepServers: true });

      // Written as people write names: `Bob` means bob.
      const options = { database, engine: before.engine, proxy: before.proxy };
      await using after = await createTestHub({ ...options, access: { blocked: ['Bob'] } });
      const status = async (name: string, request: object) =>
        (await after.request('GET', name, request)).status;
      expect(await status('/hub/api/user', { token })).toBe(403);
      expect(await status('/hub/home', { cookie })).toBe(302);
      expect(await status('/hub/api/user', { token: ended })).toBe(200);
      await after.until(async () => (await after.phase('bob')) === 'stopped');
      const root = await after.signIn('root', { admin: true });
      expect((await root.api('GET', '/users/bob')).json).toMatchObject({
        admin: false,
        groups: [],
        roles: [],
        disabled: true,
      });
      expect((await root.api('POST', '/users/bob/server')).status).toBe(403);
      const enabled = await root.api('PATCH', '/users/bob', { disabled: false });
      expect([enabled.status, enabled.json.message]).toEqual([400, 'The configuration keeps bob out.']);
      await after.hub.stop();

      await using later = await createTestHub(options);
      expect((await later.request('GET', '/hub/api/user', { token })).status).toBe(200);
      expect((await later.request('GET', '/hub/home', { cookie })).status).toBe(302);
    } finally {
      await before[Symbol.asyncDispose]();
    }
  });
});
