import { randomBytes } from 'node:crypto';
import type postgres from 'postgres';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createTestHub,
  FakeEngine,
  FakeProxyTable,
  fakeProxy,
  fakeSpawner,
  recordedLog,
  type TestHub,
  type TestHubOptions,
  testAuthenticator,
} from '../../../testing/src/index.ts';
import { joseSealer } from '../../src/hub/sealer.ts';
import { createTestDatabase, type HubData, openHubData, type TestDatabase } from '../../src/index.ts';
import { postgresSealed } from '../../src/storage/accounts/index.ts';
import { Database, openClient } from '../../src/storage/database.ts';

const connectUrl = 'http://127.0.0.1:9';
const hex = () => randomBytes(32).toString('hex');
const [old, next, foreign] = [hex(), hex(), hex()];

let database: TestDatabase;
let sql: postgres.Sql;
let hubs: TestHub[] = [];
beforeEach(async () => {
  database = await createTestDatabase();
  sql = openClient(database.connection, 'hub tests', { max: 1 });
});
afterEach(async () => {
  await Promise.all(hubs.map((hub) => hub[Symbol.asyncDispose]()));
  hubs = [];
  await sql.end();
  await database.drop();
});

async function open(host: string, cryptKeys: readonly string[], more: TestHubOptions = {}): Promise<TestHub> {
  const hub = await createTestHub({ database, host, hub: { connectUrl }, cryptKeys, ...more });
  hubs.push(hub);
  return hub;
}
const warnings = (hub: TestHub) =>
  hub.log.filter(({ level }) => level === 'warn').map(({ message }) => message);

describe('a second hub on one database', () => {
  it('with no encryption key in common is refused, naming where the keys came from (design 5a)', async () => {
    await open('a', [old]);
    const refused = await open('b', [next]).catch((error: unknown) => error);
    expect(refused).toMatchObject({
      code: 'HUB_START_FAILED',
      message: expect.stringContaining(
        'with encryption keys from `cryptKeys`, has none in common with the hub "a"',
      ),
    });
    expect(String(refused)).not.toContain(next);
    process.env.JUPYTERHUB_CRYPT_KEY = `${next};${foreign}`;
    try {
      await expect(open('b', [])).rejects.toThrow('keys from JUPYTERHUB_CRYPT_KEY, has none');
    } finally {
      delete process.env.JUPYTERHUB_CRYPT_KEY;
    }
    await expect(open('b', [])).rejects.toMatchObject({
      message: expect.stringContaining('has no encryption key, and the hub "a"'),
      hint: expect.stringContaining('JUPYTERHUB_CRYPT_KEY'),
    });
    await open('b', [next, old]);
    expect((await sql`SELECT value::text FROM settings WHERE value::text LIKE ${`%${old}%`}`).length).toBe(0);
  });

  it('needs one in common with every one of them, not only with the last', async () => {
    await open('a', [old]);
    await open('b', [next, old]);
    await expect(open('c', [next])).rejects.toThrow('none in common with the hub "a"');
    await hubs[0]?.hub.stop();
    await open('c', [next]);
  });

  it('may bring the first keys', async () => {
    await open('a', []);
    expect(warnings(await open('b', [old]))).toEqual([]);
  });
});

it('a lone hub that comes without any of the keys used before says what follows', async () => {
  await (await open('a', [old])).hub.stop();
  const lost = expect.stringContaining('auth_state kept until now cannot be opened');
  expect(warnings(await open('b', [next, old]))).not.toContainEqual(lost);
  await hubs[1]?.hub.stop();
  expect(warnings(await open('c', [foreign]))).toContainEqual(lost);
});

describe('hub db rekey', () => {
  const data = (cryptKeys: readonly string[]): Promise<HubData> =>
    openHubData({
      database: database.url,
      cryptKeys,
      plugins: [testAuthenticator(), fakeSpawner(new FakeEngine()), fakeProxy(new FakeProxyTable())],
    });
  const rekey = async (cryptKeys: readonly string[]) => {
    await using opened = await data(cryptKeys);
    return await opened.rekey();
  };
  const sealer = (key: string) => joseSealer([Buffer.from(key, 'hex')]);

  const stored = () => {
    const db = new Database(database.connection, recordedLog([]));
    return { store: postgresSealed(db), [Symbol.asyncDispose]: () => db.close() };
  };

  /** Users `u1` … with something sealed, half of it with their identity. */
  async function fill(count: number, key: string): Promise<void> {
    const rows = await Promise.all(
      Array.from({ length: count }, async (_, i) => ({
        name: `u${i}`,
        sealed: await sealer(key).seal({ secret: `of ${i}` }),
        isIdentity: i % 2 === 1,
      })),
    );
    await sql`
      WITH given AS (SELECT * FROM jsonb_to_recordset(${sql.json(rows)}) AS g(name text, sealed text, "isIdentity" bool)),
      made AS (
        INSERT INTO users (name, sealed_auth_state)
        SELECT name, CASE WHEN "isIdentity" THEN NULL ELSE sealed END FROM given RETURNING id, name)
      INSERT INTO identities (user_id, authenticator, subject, sealed_auth_state)
      SELECT made.id, 'test', name, sealed FROM made JOIN given USING (name) WHERE "isIdentity"`;
  }
  const allSealed = () =>
    sql<{ name: string; sealed: string }[]>`
      SELECT u.name, coalesce(u.sealed_auth_state, i.sealed_auth_state) AS sealed
      FROM users u LEFT JOIN identities i ON i.user_id = u.id ORDER BY u.id`;

  it('encrypts everything anew in batches; the old key may go, and nothing is lost', async () => {
    await fill(501, old);
    expect(await rekey([next, old])).toEqual({ rewritten: 501, current: 0, unopened: 0 });
    const rows = await allSealed();
    expect(rows).toHaveLength(501);
    for (const { name, sealed } of rows) {
      expect(await sealer(next).open(sealed)).toEqual({
        value: { secret: `of ${name.slice(1)}` },
        stale: false,
      });
    }
    expect(await rekey([next])).toEqual({ rewritten: 0, current: 501, unopened: 0 });
  });

  it('with wrong keys counts what it cannot open and changes nothing', async () => {
    await fill(5, old);
    const before = await allSealed();
    expect(await rekey([next, foreign])).toEqual({ rewritten: 0, current: 0, unopened: 5 });
    expect(await allSealed()).toEqual(before);
    await sql`UPDATE users SET sealed_auth_state = 'damaged' WHERE name = 'u0'`;
    expect(await rekey([next, old])).toEqual({ rewritten: 4, current: 0, unopened: 1 });
  });

  it('leaves alone what a hub changed meanwhile', async () => {
    await fill(2, old);
    const [row] = await allSealed();
    await using db = stored();
    const [column] = db.store.columns;
    await sql`UPDATE users SET sealed_auth_state = 'by the hub' WHERE name = 'u0'`;
    const [user] = await sql<{ id: string }[]>`SELECT id FROM users WHERE name = 'u0'`;
    expect(await column?.replace([{ key: String(user?.id), sealed: row?.sealed ?? '', by: 'by us' }])).toBe(
      0,
    );
    expect((await allSealed())[0]?.sealed).toBe('by the hub');
  });

  it('waits for hubs that still encrypt with another key, and needs one itself', async () => {
    await expect(rekey([])).rejects.toMatchObject({ hint: expect.stringContaining('JUPYTERHUB_CRYPT_KEY') });
    const hub = await open('a', [old]);
    await expect(rekey([next, old])).rejects.toThrow('The hub "a" runs and encrypts with another key.');
    await hub.hub.stop();
    await open('b', [next, old]);
    expect(await rekey([next, old])).toEqual({ rewritten: 0, current: 0, unopened: 0 });
  });

  it('knows every column that holds something encrypted', async () => {
    const there = await sql<{ name: string }[]>`
      SELECT table_name || '.' || column_name AS name FROM information_schema.columns
      WHERE table_schema = 'public' AND column_name LIKE 'sealed%' ORDER BY 1`;
    await using db = stored();
    // The private keys of internal TLS stand in a JSON of `settings`.
    const known = [...there.map(({ name }) => name), 'settings.value'].toSorted();
    expect(db.store.columns.map(({ name }) => name).toSorted()).toEqual(known);
  });
});
