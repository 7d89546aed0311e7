import type postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestHub, type TestClient, type TestHub } from '../../../testing/src/index.ts';
import { createTestDatabase, type TestDatabase } from '../../src/index.ts';
import { openClient } from '../../src/storage/database.ts';
import { apiCall, signedInBrowser } from '../support/sign-in.ts';

// No message ever arrives: what follows rests on rows alone.
describe('what an administrator takes away at hub A', () => {
  let database: TestDatabase;
  let sql: postgres.Sql;
  let a: TestHub;
  let b: TestHub;
  let root: TestClient;

  beforeAll(async () => {
    database = await createTestDatabase();
    sql = openClient(database.connection, 'hub tests', { max: 2 });
    const elsewhere = new URL(database.url);
    elsewhere.pathname = '/postgres';
    const options = {
      database,
      listenUrl: elsewhere.href,
      hub: { connectUrl: 'http://127.0.0.1:9' },
      servers: { slowStart: 0, concurrentStarts: 2 },
    };
    a = await createTestHub({ ...options, host: 'a' });
    b = await createTestHub({ ...options, host: 'b', engine: a.engine, proxy: a.proxy });
    root = await a.signIn('root', { admin: true });
  });
  afterAll(async () => {
    await a[Symbol.asyncDispose]();
    await b[Symbol.asyncDispose]();
    await sql.end({ timeout: 1 });
    await database.drop();
  });

  const disable = (user: string) => root.api('PATCH', `/users/${user}`, { disabled: true });
  const atB = async (token: string) => (await b.request('GET', '/hub/api/user', { token })).status;

  it('is refused at hub B at the next request, by token and by cookie', async () => {
    const token = await a.tokenOf('ann');
    const browser = await signedInBrowser(b.url, 'ann');
    for (let round = 0; round < 3; round++) {
      expect(await atB(token)).toBe(200);
      expect((await disable('ann')).status).toBe(200);
      expect(await atB(token)).toBe(403);
      expect((await browser.get('/hub/home')).status).toBe(302);
      expect((await root.api('PATCH', '/users/ann', { disabled: false })).status).toBe(200);
    }
  });

  it.each([
    ['by disabling the user', async (name: string) => disable(name)],
    ['by deleting the user', async (name: string) => root.api('DELETE', `/users/${name}`)],
    [
      'by ending every login',
      async (name: string) => root.api('DELETE', `/users/${name}/logins`, { tokens: true }),
    ],
  ])('ends streams at hub B within about a second, %s', async (_how, take) => {
    const name = `stella${Math.random().toString(36).slice(2, 8)}`;
    const hold = Promise.withResolvers<void>();
    a.engine.plan('busy', { beforeSave: hold.promise });
    const busy = await a.signIn('busy');
    await busy.startServer();
    const token = await a.tokenOf(name);
    await sql`INSERT INTO user_roles (user_id, role_id)
      SELECT u.id, r.id FROM users u, roles r WHERE u.name = ${name} AND r.name = 'admin'`;
    await sql`UPDATE users SET access_version = access_version + 1 WHERE name = ${name}`;
    const path = '/hub/api/users/busy/server/progress';
    const seen: string[] = [];
    const theirs = b.request('GET', path, { token }).then(({ text }) => {
      seen.push('theirs');
      return text;
    });
    const own = b.request('GET', path, { token: busy.token }).then(({ text }) => {
      seen.push('own');
      return text;
    });
    expect((await b.request('GET', '/hub/api/users/busy', { token })).status).toBe(200);
    await take(name);
    const began = performance.now();
    expect(await theirs).not.toContain('"ready"');
    // Half a second between looks; the rest is for a busy machine.
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(seen).toEqual(['theirs']);
    hold.resolve();
    expect(await own).toContain('"ready":true');
    await busy.stopServer();
    await a.until(async () => (await a.phase('busy')) === 'stopped');
  });

  it('stops the server that hub B started, and the start that waits there', async () => {
    const sam = await b.signIn('sam');
    await sam.startServer();
    await b.until(async () => (await b.phase('sam')) === 'ready');
    const hold = Promise.withResolvers<void>();
    for (const name of ['one', 'two']) {
      a.engine.plan(name, { beforeSave: hold.promise });
      await (await b.signIn(name)).startServer();
      await b.until(async () => (await b.phase(name)) === 'starting');
    }
    const waits = await b.signIn('waits');
    expect((await waits.startServer()).status).toBe(202);
    expect(await b.phase('waits')).toBe('queued');
    await disable('sam');
    await disable('waits');
    expect(await b.phase('waits')).toBe('stopped');
    await b.until(async () => (await b.phase('sam')) === 'stopped');
    expect(a.engine.of('sam')).toBeUndefined();
    expect(a.proxy.routes.has('/user/sam/')).toBe(false);
    await disable('one');
    hold.resolve();
    await b.until(async () => (await b.phase('one')) === 'stopped');
    await b.until(async () => (await b.phase('two')) === 'ready');
    expect(a.engine.launches('waits')).toBe(0);
  });

  it('stops servers although the one who disabled died before it could', async () => {
    const ines = await b.signIn('ines');
    await ines.startServer();
    await b.until(async () => (await b.phase('ines')) === 'ready');
    await sql`UPDATE users SET disabled = true WHERE name = 'ines'`;
    await b.until(async () => (await b.phase('ines')) === 'stopped', 20);
    expect(a.engine.of('ines')).toBeUndefined();
  });

  it('leaves servers alone when only one login ends', async () => {
    const gus = await a.signIn('gus');
    await gus.startServer();
    await a.until(async () => (await a.phase('gus')) === 'ready');
    const browser = await signedInBrowser(a.url, 'gus');
    const cookie = `jupyterhub-hub-login=${browser.cookie('jupyterhub-hub-login')}`;
    const [login] = JSON.parse((await apiCall(browser, 'GET', '/users/gus/logins')).text).logins;
    expect((await b.request('GET', '/hub/home', { cookie })).status).toBe(200);
    expect((await root.api('DELETE', `/users/gus/logins/${login.id}`)).status).toBe(204);
    expect((await b.request('GET', '/hub/home', { cookie })).status).toBe(302);
    expect(await b.phase('gus')).toBe('ready');
    expect(await atB(gus.token)).toBe(200);
  });
});
