import { type SQL, sql } from 'drizzle-orm';

/** Now, as all hubs see it. */
export const now: SQL<string> = sql<string>`hub_now()`;

/** The same without a call of the function, for statements that run with every request. */
export const nowInline: SQL = sql.raw(`(clock_timestamp() + coalesce(
  (SELECT (value #>> '{}')::double precision FROM settings WHERE key = 'clock_offset'), 0) * interval '1 second')`);

/** A moment so many seconds after now. */
export function secondsFromNow(seconds: number): SQL<string> {
  return sql<string>`hub_now() + ${seconds}::double precision * interval '1 second'`;
}
