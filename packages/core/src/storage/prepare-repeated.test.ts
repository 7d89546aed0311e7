import { sql } from 'drizzle-orm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type TestDatabase, testDatabase } from '../../test/support/database.ts';
import { silentLogger } from '../../test/support/silent-logger.ts';
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
  it('are made of what comes again and again, whatever the parameters', async () => {
    for (const value of several)
      expect(await db.run((q) => q.execute(sql`SELECT ${value}::int AS again`))).toEqual([{ again: value }]);
    expect(await prepared('AS again')).toBe(1);
  });

  it('are made in transactions too', async () => {
    for (const value of several) {
      const rows = await db.transaction(() => db.run((q) => q.execute(sql`SELECT ${value}::int AS inside`)));
      expect(rows).toEqual([{ inside: value }]);
    }
    expect(await prepared('AS inside')).toBe(1);
  });

  it('are not made of texts that vary', async () => {
    for (const value of several)
      await db.run((q) => q.execute(sql`SELECT ${sql.raw(`${value}`)} + ${value}::int AS varies`));
    expect(await prepared('AS varies')).toBe(0);
  });
});

const several = [1, 2, 3, 4, 5, 6, 7];

async function prepared(text: string): Promise<number> {
  const rows = await db.run((q) =>
    q.execute<{ n: number }>(
      sql`SELECT count(*)::int AS n FROM pg_prepared_statements WHERE position(${text} IN statement) > 0`,
    ),
  );
  return rows[0]?.n ?? Number.NaN;
}
