import { type SQL, sql } from 'drizzle-orm';
import { HubError } from '../../plugin/index.ts';
import type { Database } from '../database.ts';
import { users } from '../tables/index.ts';

/** Is the user `u` kept out, by an administrator or by the configuration? */
export const isKeptOut: SQL<boolean> = sql<boolean>`(u.disabled OR u.blocked)`;

/**
 * Is this user there and not kept out? Holds the answer until the surrounding transaction ends: whoever disables the
 * user meanwhile waits, and then finds what that transaction made.
 */
export async function holdUser(db: Database, userId: number): Promise<boolean> {
  const [row] = await db.run((q) =>
    q.execute<{ out: boolean }>(
      sql`SELECT ${isKeptOut} AS out FROM ${users} u WHERE u.id = ${userId}::bigint FOR SHARE`,
    ),
  );
  return row !== undefined && !row.out;
}

/** The same, for what must not be made for somebody who is kept out. @throws HubError 403. */
export async function requireUser(db: Database, userId: number): Promise<void> {
  if (await holdUser(db, userId)) return;
  throw new HubError('HUB_FORBIDDEN', 'This user is disabled.', {
    hint: 'An administrator enables the user again, or takes the name out of `access.blocked`.',
  });
}
