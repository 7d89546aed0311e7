import { and, gte, isNull, or, type SQL, sql } from 'drizzle-orm';
import type { LongestLives } from '../../accounts/ports.ts';
import type { Database } from '../database.ts';
import { logins, tokens } from '../tables/index.ts';
import { now } from './database-time.ts';

/** Tokens that have not expired, and neither has the login they came from. */
export const stillGood: SQL | undefined = and(
  or(isNull(tokens.expiresAt), gte(tokens.expiresAt, now)),
  or(
    isNull(tokens.loginId),
    sql`EXISTS (SELECT FROM ${logins} l WHERE l.id = ${tokens.loginId} AND l.expires_at >= ${now})`,
  ),
);

/** Servers live with their token: it ends when they do. */
export const notOfServer: SQL = sql`NOT EXISTS (SELECT FROM servers s WHERE s.token_id = ${tokens.id})`;

/** A moment's grace: what was made under the limit itself is left alone. */
const grace = sql.raw(`interval '1 second'`);

/** Applies limits to what was made before they were set. A second time it changes nothing. */
export async function limitLives(
  db: Database,
  { tokenSeconds, loginSeconds, idleSeconds }: LongestLives,
): Promise<void> {
  if (tokenSeconds !== null) {
    const end = sql`${tokens.created} + ${seconds(tokenSeconds)}`;
    await db.run((q) =>
      q.execute(sql`UPDATE ${tokens} SET expires_at = ${end} WHERE user_id IS NOT NULL AND ${notOfServer}
        AND (${tokens.expiresAt} IS NULL OR ${tokens.expiresAt} > ${end} + ${grace})`),
    );
  }
  const end = loginEnd(sql`${logins.created}`, sql`coalesce(${logins.lastSeen}, ${logins.created})`, {
    loginSeconds,
    idleSeconds,
  });
  await db.run((q) =>
    q.execute(sql`UPDATE ${logins} SET expires_at = ${end} WHERE ${logins.expiresAt} > ${end} + ${grace}`),
  );
}

/** When a login ends that began and was used last at these times. */
export function loginEnd(
  created: SQL,
  used: SQL,
  { loginSeconds, idleSeconds }: Pick<LongestLives, 'loginSeconds' | 'idleSeconds'>,
): SQL {
  const latest = sql`${created} + ${seconds(loginSeconds)}`;
  return idleSeconds === null ? latest : sql`least(${latest}, ${used} + ${seconds(idleSeconds)})`;
}

function seconds(count: number): SQL {
  return sql`${count}::double precision * interval '1 second'`;
}
