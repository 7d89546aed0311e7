import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { silentLogger } from '../../test/support/silent-logger.ts';
import { Database, openClient } from './database.ts';
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
