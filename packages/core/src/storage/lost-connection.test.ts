import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../../test/support/silent-logger.ts';
import { type Connection, Database, openClient } from './database.ts';
import { createTestDatabase, type TestDatabase } from './test-database.ts';

// The driver as published ends the process here: patches/postgres@3.4.9.patch.
describe('a connection that is lost in the middle of a transaction', () => {
  let database: TestDatabase;
  let db: Database;
  let other: ReturnType<typeof openClient>;

  beforeAll(async () => {
    database = await createTestDatabase();
    db = new Database(database.connection, silentLogger, { max: 3 });
    other = openClient(database.connection, 'another', { max: 1 });
  });
  afterAll(async () => {
    await db.close();
    await other.end();
    await database.drop();
  });

  const ownPid = async () => {
    const [row] = await db.run((q) => q.execute<{ pid: number }>(sql`SELECT pg_backend_pid() AS pid`));
    return row?.pid ?? 0;
  };
  const cut = (pid: number) => other`SELECT pg_terminate_backend(${pid})`;

  it.each([0, 5, 50])('fails the next statement, sent %i ms later, and nothing else', async (ms) => {
    for (let round = 0; round < 5; round++) {
      const cutOff = db.transaction(async () => {
        await cut(await ownPid());
        await delay(ms);
        await ownPid();
      });
      await expect(cutOff).rejects.toMatchObject({ code: 'HUB_DATABASE_UNAVAILABLE' });
    }
    expect(await ownPid()).toBeGreaterThan(0);
  });

  it('leaves the pool whole: as many statements as before run side by side', async () => {
    await Promise.allSettled(
      Array.from({ length: 12 }, () =>
        db.transaction(async () => {
          await cut(await ownPid());
          await delay(5);
          await ownPid();
        }),
      ),
    );
    const pids = await Promise.all(
      Array.from({ length: 3 }, () =>
        db.transaction(async () => {
          await db.run((q) => q.execute(sql`SELECT pg_sleep(0.3)`));
          return ownPid();
        }),
      ),
    );
    expect(new Set(pids).size).toBe(3);
  });
});

/** A way to the server that breaks as soon as somebody says `word`. */
async function brokenBy(word: string, { host, port }: Connection) {
  const [where, at] = [String(host), Number(port)];
  const way = createServer((client) => {
    const server = where.startsWith('/') ? connect(`${where}/.s.PGSQL.${at}`) : connect(at, where);
    server.pipe(client).on('error', () => server.destroy());
    client.on('data', (said) => {
      if (said.includes(word)) client.resetAndDestroy();
      else server.write(said);
    });
    client.on('close', () => server.destroy());
  }).listen(0, '127.0.0.1');
  await once(way, 'listening');
  return {
    address: { host: '127.0.0.1', port: (way.address() as AddressInfo).port },
    [Symbol.asyncDispose]: async () => {
      way.close();
      await once(way, 'close');
    },
  };
}

// The driver asks for the types of arrays before the first statement, and as published nobody hears that fail.
it('a connection that is lost as soon as it is made fails what waited for it, and nothing else', async () => {
  const database = await createTestDatabase();
  await using way = await brokenBy('pg_type', database.connection);
  const unheard: unknown[] = [];
  const hear = (reason: unknown) => void unheard.push(reason);
  process.on('unhandledRejection', hear);
  const db = new Database({ ...database.connection, ...way.address }, silentLogger, { max: 1 });
  try {
    await expect(db.run((q) => q.execute(sql`SELECT 1`))).rejects.toMatchObject({
      code: 'HUB_DATABASE_UNAVAILABLE',
    });
    await delay(100);
    expect(unheard).toEqual([]);
  } finally {
    process.off('unhandledRejection', hear);
    await db.close();
    await database.drop();
  }
});
