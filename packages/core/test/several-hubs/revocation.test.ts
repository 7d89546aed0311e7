import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createTestHub,
  type TestClient,
  type TestHub,
  type TestHubOptions,
} from '../../../testing/src/index.ts';
import { createTestDatabase, type TestDatabase } from '../../src/index.ts';
import { openClient } from '../../src/storage/database.ts';
import { Browser } from '../support/browser.ts';

const actor = { kind: 'hub', name: 'test' } as const;

/** Ends every connection that listens, again and again: no hub hears of anything another one does. */
function deafen(sql: postgres.Sql): { readonly cuts: () => number; readonly end: () => Promise<void> } {
  let going = true;
  let cuts = 0;
  const rounds = (async () => {
    while (going) {
      const ended = await sql`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = 'hub listen' AND datname = current_database()`;
      cuts += ended.length;
    }
  })();
  return {
    cuts: () => cuts,
    async end() {
      going = false;
      await rounds;
    },
  };
}

// A check reads the rows; what a hub keeps is found by versions that the same check reads (design section 7).
describe.each([
  { listening: 'while hubs hear of each other' },
  { listening: 'with LISTEN cut' },
  { listening: 'when no message ever arrives' },
])('what hub A takes away is gone from the next request on at hub B, $listening', ({ listening }) => {
  let database: TestDatabase;
  let sql: postgres.Sql;
  let a: TestHub;
  let b: TestHub;
  /** An administrator at hub A. */
  let root: TestClient;
  let deaf: ReturnType<typeof deafen> | null = null;
  let deafOptions: TestHubOptions;

  const configuration = {
    hub: { connectUrl: 'http://127.0.0.1:9' },
    servers: { named: true },
    roles: [
      { name: 'user-lister', scopes: ['list:users'], groups: ['staff'] },
      { name: 'group-lister', scopes: ['list:groups'], users: ['rolf'] },
      { name: 'sharer', scopes: ['shares!user', 'read:users:name'], users: ['alice'] },
    ],
    groups: { staff: { users: ['gina'] } },
  } satisfies TestHubOptions;

  beforeAll(async () => {
    database = await createTestDatabase();
    sql = openClient(database.connection, 'hub tests', { max: 2 });
    // A connection to another database hears nothing, and nothing cuts it.
    const elsewhere = new URL(database.url);
    elsewhere.pathname = '/postgres';
    deafOptions = { ...configuration, database, listenUrl: elsewhere.href };
    const options =
      listening === 'when no message ever arrives' ? deafOptions : { ...configuration, database };
    a = await createTestHub({ ...options, host: 'a' });
    b = await createTestHub({ ...options, host: 'b', engine: a.engine, proxy: a.proxy });
    root = await a.signIn('root', { admin: true });
    if (listening === 'with LISTEN cut') deaf = deafen(sql);
  });
  afterAll(async () => {
    await deaf?.end();
    if (deaf) expect(deaf.cuts()).toBeGreaterThan(10);
    await a[Symbol.asyncDispose]();
    await b[Symbol.asyncDispose]();
    await sql.end({ timeout: 1 });
    await database.drop();
  });

  const atB = async (token: string, path: string) =>
    (await b.request('GET', `/hub/api${path}`, { token })).status;
  const scopesAtB = async (token: string) => (await b.request('GET', '/hub/api/user', { token })).json.scopes;

  it('membership of a group, and given again', async () => {
    const token = await a.tokenOf('gina');
    for (let round = 0; round < 5; round++) {
      expect(await atB(token, '/users')).toBe(200);
      expect((await root.api('DELETE', '/groups/staff/users', { users: ['gina'] })).status).toBe(200);
      expect(await atB(token, '/users')).toBe(403);
      expect((await root.api('POST', '/groups/staff/users', { users: ['gina'] })).status).toBe(200);
    }
    expect(await atB(token, '/users')).toBe(200);
    expect((await root.api('DELETE', '/groups/staff')).status).toBe(204);
    expect(await atB(token, '/users')).toBe(403);
  });

  it('the admin flag, and given again', async () => {
    const token = await a.tokenOf('boss', { admin: true });
    for (let round = 0; round < 5; round++) {
      expect(await atB(token, '/users')).toBe(200);
      expect((await root.api('PATCH', '/users/boss', { admin: false })).status).toBe(200);
      expect(await atB(token, '/users')).toBe(403);
      expect((await root.api('PATCH', '/users/boss', { admin: true })).status).toBe(200);
    }
    expect(await atB(token, '/users')).toBe(200);
  });

  it('a share', async () => {
    const token = await a.tokenOf('bob');
    const alice = await a.signIn('alice');
    expect((await alice.api('PUT', '/users/alice/servers/lab')).status).toBe(201);
    const scope = 'access:servers!server=alice/lab';
    for (let round = 0; round < 5; round++) {
      expect((await alice.api('POST', '/shares/alice/lab', { user: 'bob' })).status).toBe(200);
      expect(await scopesAtB(token)).toContain(scope);
      expect((await alice.api('PATCH', '/shares/alice/lab', { user: 'bob' })).status).toBe(200);
      expect(await scopesAtB(token)).not.toContain(scope);
    }
  });

  it('a share with a group, by leaving it', async () => {
    const token = await a.tokenOf('carl');
    const alice = await a.signIn('alice');
    await alice.api('PUT', '/users/alice/servers/team');
    await root.api('POST', '/groups/team', { users: ['carl'] });
    const scope = 'access:servers!server=alice/team';
    expect((await root.api('POST', '/shares/alice/team', { group: 'team' })).status).toBe(200);
    expect(await scopesAtB(token)).toContain(scope);
    expect((await root.api('DELETE', '/groups/team/users', { users: ['carl'] })).status).toBe(200);
    expect(await scopesAtB(token)).not.toContain(scope);
  });

  it('a token', async () => {
    const made = await root.api('POST', '/users/root/tokens', { note: 'to be revoked' });
    const { id, token } = made.json;
    expect(await atB(String(token), '/user')).toBe(200);
    expect((await root.api('DELETE', `/users/root/tokens/${id}`)).status).toBe(204);
    expect(await atB(String(token), '/user')).toBe(403);
  });

  it('a sign-in, by signing out', async () => {
    const browser = new Browser(a.url);
    await browser.get('/hub/login');
    const form = { username: 'lena', password: 'lena', _xsrf: browser.cookie('_xsrf') ?? '' };
    expect((await browser.post('/hub/login', form)).status).toBe(302);
    const cookie = `jupyterhub-hub-login=${browser.cookie('jupyterhub-hub-login')}`;
    const home = async () => (await b.request('GET', '/hub/home', { cookie })).status;
    expect(await home()).toBe(200);
    expect((await browser.get('/hub/logout')).status).toBeLessThan(400);
    expect(await home()).toBe(302);
  });

  it('all sign-ins of somebody', async () => {
    const browser = new Browser(b.url);
    await browser.get('/hub/login');
    const form = { username: 'milo', password: 'milo', _xsrf: browser.cookie('_xsrf') ?? '' };
    expect((await browser.post('/hub/login', form)).status).toBe(302);
    expect((await browser.get('/hub/home')).status).toBe(200);
    const milo = await a.hub.users.get('milo');
    if (!milo) throw new Error('no milo');
    expect(await a.hub.logins.endAll(actor, milo)).toBe(1);
    expect((await browser.get('/hub/home')).status).toBe(302);
  });

  it('the user', async () => {
    const token = await a.tokenOf('gone');
    expect(await atB(token, '/user')).toBe(200);
    expect((await root.api('DELETE', '/users/gone')).status).toBe(204);
    expect(await atB(token, '/user')).toBe(403);
  });

  it('a service made over the API', async () => {
    const body = { admin: true, api_token: 'guest-secret-0001' };
    expect((await root.api('POST', '/services/guest', body)).status).toBe(201);
    expect(await atB('guest-secret-0001', '/users')).toBe(200);
    expect((await root.api('DELETE', '/services/guest')).status).toBe(200);
    expect(await atB('guest-secret-0001', '/users')).toBe(403);
  });

  it('membership of a role, and what a role means, by the configuration of a third hub', async () => {
    const rolf = await a.tokenOf('rolf');
    const rita = await a.tokenOf('rita');
    expect([await atB(rolf, '/groups'), await atB(rita, '/groups')]).toEqual([200, 403]);
    const roles = [{ name: 'group-lister', scopes: ['list:groups'], users: ['rita'] }];
    await using third = await createTestHub({ ...deafOptions, roles, host: 'c' });
    expect([await atB(rolf, '/groups'), await atB(rita, '/groups')]).toEqual([403, 200]);
    expect(third.log.some(({ level }) => level === 'warn')).toBe(true);

    const changed = [{ name: 'group-lister', scopes: ['list:services'], users: ['rita'] }];
    await using fourth = await createTestHub({ ...deafOptions, roles: changed, host: 'd' });
    expect([await atB(rita, '/groups'), await atB(rita, '/services')]).toEqual([403, 200]);
    expect(fourth.log.some(({ level }) => level === 'warn')).toBe(true);
  });
});
