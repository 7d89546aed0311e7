import { sql } from 'drizzle-orm';
import type { AuthenticatorUse, AuthenticatorUses } from '../../accounts/authenticator-uses.ts';
import type { Database } from '../database.ts';
import { identities, logins } from '../tables/index.ts';
import { now } from './database-time.ts';

/** Which authenticators the identities of a PostgreSQL database came from. */
export function postgresAuthenticatorUses(db: Database): AuthenticatorUses {
  return {
    async except(ids) {
      const known = sql`(SELECT jsonb_array_elements_text(${JSON.stringify(ids)}::jsonb))`;
      const rows = await db.run((q) =>
        q.execute<AuthenticatorUse & Record<string, unknown>>(sql`
          SELECT i.authenticator, count(DISTINCT i.user_id)::int AS users,
            (SELECT count(*)::int FROM ${logins} l
              WHERE l.authenticator = i.authenticator AND l.expires_at >= ${now}) AS logins
          FROM ${identities} i
          WHERE i.authenticator NOT IN ${known}
          GROUP BY i.authenticator
          ORDER BY i.authenticator`),
      );
      return rows.map(({ authenticator, users, logins }) => ({ authenticator, users, logins }));
    },
  };
}
