import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../test/support/database.ts';
import { silentLogger } from '../../test/support/silent-logger.ts';
import { systemClock } from '../kernel/index.ts';
import { postgresCredentials } from './accounts/postgres-credentials.ts';
import { postgresGrants } from './accounts/postgres-grants.ts';
import { postgresUsers } from './accounts/postgres-users.ts';
import { Database } from './database.ts';

let test: TestDatabase;
let db: Database;
beforeAll(async () => {
  test = await testDatabase();
  db = new Database(test.connection, silentLogger, { max: 1 }); // prepared statements belong to a connection
});
afterAll(async () => {
  await db.close();
  await test.drop();
});

describe('prepared statements', () => {
  it('are parsed once for the same text, whatever the parameters', async () => {
    for (const value of [1, 2, 3])
      expect(await db.runPrepared((q) => q.execute(sql`SELECT ${value}::int AS once`))).toEqual([
        { once: value },
      ]);
    expect(await prepared('AS once')).toBe(1);
  });

  it('are not kept for texts that vary', async () => {
    await db.run((q) => q.execute(sql`SELECT ${1}::int AS unkept`));
    expect(await prepared('AS unkept')).toBe(0);
  });

  it('work inside a transaction too', async () => {
    const rows = await db.transaction(async () => {
      await db.run((q) => q.execute(sql`CREATE TEMP TABLE seen_inside (a int) ON COMMIT DROP`));
      return db.runPrepared((q) => q.execute(sql`SELECT count(*)::int AS n FROM seen_inside`));
    });
    expect(rows).toEqual([{ n: 0 }]);
  });

  it('are what a request with a token is answered by', async () => {
    await postgresCredentials(db).token('0'.repeat(64));
    await postgresUsers(db, systemClock).byName('nobody');
    await postgresGrants(db).ofUser('1');
    expect(await prepared('from "tokens"')).toBe(1);
    expect(await prepared('WHERE u.name = $1')).toBe(1);
    expect(await prepared('WHERE u.id = $')).toBe(1);
  });
});

async function prepared(text: string): Promise<number> {
  const rows = await db.run((q) =>
    q.execute<{ n: number }>(
      sql`SELECT count(*)::int AS n FROM pg_prepared_statements WHERE position(${text} IN statement) > 0`,
    ),
  );
  return rows[0]?.n ?? Number.NaN;
}
