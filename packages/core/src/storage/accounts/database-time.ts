import { type SQL, sql } from 'drizzle-orm';

/** Now, as all hubs see it. */
export const now: SQL<string> = sql<string>`hub_now()`;

/** A moment so many seconds after now. */
export function secondsFromNow(seconds: number): SQL<string> {
  return sql<string>`hub_now() + ${seconds}::double precision * interval '1 second'`;
}
