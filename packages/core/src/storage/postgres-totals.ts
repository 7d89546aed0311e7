import { sql } from 'drizzle-orm';
import type { Totals } from '../observe/index.ts';
import type { Database } from './database.ts';

/** Counts for the metrics, in one read. */
export async function readTotals(db: Database): Promise<Totals> {
  const [row] = await db.run((q) =>
    q.execute<{ users: number; running: number; day: number; week: number; month: number }>(sql`
      SELECT
        (SELECT count(*)::int FROM users) AS users,
        (SELECT count(*)::int FROM servers WHERE phase = 'ready') AS running,
        (SELECT count(*)::int FROM users WHERE last_activity > hub_now() - interval '1 day') AS day,
        (SELECT count(*)::int FROM users WHERE last_activity > hub_now() - interval '7 days') AS week,
        (SELECT count(*)::int FROM users WHERE last_activity > hub_now() - interval '30 days') AS month`),
  );
  const { users = 0, running = 0, day = 0, week = 0, month = 0 } = row ?? {};
  return { users, running, active: { '24h': day, '7d': week, '30d': month } };
}
