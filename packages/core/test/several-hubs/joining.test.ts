import { randomBytes } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestHub, type TestHub, type TestHubOptions } from '../../../testing/src/index.ts';
import { createTestDatabase, type TestDatabase } from '../../src/index.ts';
import { openClient } from '../../src/storage/database.ts';

const connectUrl = 'http://127.0.0.1:9';

describe('a second hub on one database', () => {
  let database: TestDatabase;
  let hubs: TestHub[] = [];

  beforeEach(async () => {
    database = await createTestDatabase();
  });
  afterEach(async () => {
    await Promise.all(hubs.map((hub) => hub[Symbol.asyncDispose]()));
    hubs = [];
    await database.drop();
  });

  async function open(host: string, more: TestHubOptions = {}): Promise<TestHub> {
    const hub = await createTestHub({ database, host, hub: { connectUrl }, ...more });
    hubs.push(hub);
    return hub;
  }
  const warnings = (hub: TestHub) => hub.log.filter(({ level }) => level === 'warn');
  const hex = () => randomBytes(32).toString('hex');

  describe('must sign with the secret of the first', () => {
    it('and is told which setting differs (design 5a, "Secrets")', async () => {
      await open('a');
      const secret = hex();
      const refused = await open('b', { cookies: { secret } }).catch((error: unknown) => error);
      expect(refused).toMatchObject({
        code: 'HUB_START_FAILED',
        message:
          'The cookie secret of this hub, from `cookies.secret`, is not the one the hub "a" on the same database uses.',
        hint: expect.stringContaining('`cookies.secret`'),
      });
      expect(String(refused)).not.toContain(secret);
    });

    it('or which variable of the environment', async () => {
      await open('a');
      process.env.JPY_COOKIE_SECRET = hex();
      try {
        await expect(open('b', { cookies: { secret: '' } })).rejects.toThrow(
          'from JPY_COOKIE_SECRET, is not',
        );
      } finally {
        delete process.env.JPY_COOKIE_SECRET;
      }
    });

    it('and a refused one leaves no trace: the first goes on and a right one joins', async () => {
      const a = await open('a');
      await expect(open('b', { cookies: { secret: hex() } })).rejects.toThrow('cookie secret');
      const b = await open('b');
      const ada = await a.signIn('ada');
      expect((await b.request('GET', '/hub/api/user', { token: ada.token })).status).toBe(200);
    });

    it('of which the database learns nothing but a fingerprint', async () => {
      const secret = hex();
      await open('a', { cookies: { secret } });
      const sql = openClient(database.connection, 'hub tests', { max: 1 });
      const [row] = await sql`SELECT value FROM settings WHERE key = 'fingerprint_of_cookie_secret'`;
      const [leak] =
        await sql`SELECT count(*)::int AS count FROM settings WHERE value::text LIKE ${`%${secret}%`}`;
      await sql.end();
      expect(row?.value).toMatch(/^[0-9a-f]{64}$/);
      expect(leak?.count).toBe(0);
    });

    it('but the only hub may bring a new one, and says what follows', async () => {
      const first = await open('a');
      expect(warnings(first).map(({ message }) => message)).not.toContainEqual(
        expect.stringContaining('secret'),
      );
      await first.hub.stop();
      const again = await open('a', { cookies: { secret: hex() } });
      expect(warnings(again)).toContainEqual({
        level: 'warn',
        message: 'the secret is new: everybody has to sign in again',
        fields: expect.objectContaining({ secrets: ['cookie secret'] }),
      });
    });
  });

  it('is refused when there is no cookie secret to compare: on a shared database none is made', async () => {
    await expect(open('b', { cookies: { secret: '' } })).rejects.toMatchObject({
      code: 'HUB_START_FAILED',
      hint: expect.stringContaining('JPY_COOKIE_SECRET'),
    });
  });

  describe('gives its servers the same address (design 5a, "Addresses of the hub")', () => {
    it('or is refused, naming the setting', async () => {
      await open('a');
      await expect(open('b', { hub: { connectUrl: 'http://127.0.0.1:10' } })).rejects.toMatchObject({
        code: 'HUB_START_FAILED',
        message: expect.stringContaining(connectUrl),
        hint: expect.stringContaining('`hub.connectUrl`'),
      });
    });

    it('and not the listener of one of them, which would die with it', async () => {
      const a = await open('a', { hub: {} });
      await expect(open('b', { hub: { connectUrl: a.url } })).rejects.toMatchObject({
        code: 'HUB_START_FAILED',
        message: expect.stringContaining('is the listener of the hub "a" alone'),
        hint: expect.stringContaining('`hub.connectUrl`'),
      });
    });
  });

  it('has a name of its own', async () => {
    await open('a');
    await expect(open('a')).rejects.toMatchObject({ hint: expect.stringContaining('`host`') });
  });

  describe('applies its configuration', () => {
    it('without doing anything twice, however many start at once', async () => {
      const configuration: TestHubOptions = {
        roles: [{ name: 'reader', scopes: ['list:users'], users: ['ada'], groups: ['staff'] }],
        groups: { staff: { users: ['ada', 'bob'] } },
        services: [{ name: 'web', apiToken: 'web-secret-of-config' }],
        access: { admins: ['root'] },
      };
      const [a] = await Promise.all(['a', 'b', 'c'].map((host) => open(host, configuration)));
      const sql = openClient(database.connection, 'hub tests', { max: 1 });
      const [count] = await sql`SELECT
        (SELECT count(*)::int FROM users) AS users, (SELECT count(*)::int FROM memberships) AS members,
        (SELECT count(*)::int FROM tokens) AS tokens, (SELECT count(*)::int FROM roles WHERE name = 'reader') AS roles`;
      await sql.end();
      expect(count).toEqual({ users: 3, members: 2, tokens: 1, roles: 1 });
      expect((await a?.request('GET', '/hub/api/user', { token: 'web-secret-of-config' }))?.status).toBe(200);
      for (const hub of hubs) expect(warnings(hub)).toEqual([]);
    });

    it('which holds when it differs, with a warning that names the keys and no value', async () => {
      const a = await open('a', { roles: [{ name: 'reader', scopes: ['list:users'] }] });
      const b = await open('b', {
        roles: [{ name: 'reader', scopes: ['list:groups'] }],
        servers: { concurrentStarts: 7 },
      });
      expect(warnings(a)).toEqual([]);
      expect(warnings(b)).toEqual([
        {
          level: 'warn',
          message: 'the configuration differs from that of another hub; this one holds now',
          fields: expect.objectContaining({ keys: ['roles', 'servers'] }),
        },
      ]);
      const sql = openClient(database.connection, 'hub tests', { max: 1 });
      const [row] = await sql`SELECT scopes FROM roles WHERE name = 'reader'`;
      await sql.end();
      expect(row?.scopes).toEqual(['list:groups']);
    });
  });
});
