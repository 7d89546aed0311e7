import { type SQL, sql } from 'drizzle-orm';
import type { StoredScopes } from '../../accounts/stored-scopes.ts';
import type { Database } from '../database.ts';
import { oauthClients, oauthCodes, roles, tokens } from '../tables/index.ts';
import { raiseAccessEpoch } from './access-versions.ts';

/** Every column that holds raw scopes with filters, with the key of its rows. Shares hold names without filters. */
const places: readonly { readonly table: SQL; readonly key: SQL; readonly column: SQL }[] = [
  { table: sql`${roles}`, key: sql`id`, column: sql`scopes` },
  { table: sql`${tokens}`, key: sql`id`, column: sql`scopes` },
  { table: sql`${oauthClients}`, key: sql`identifier`, column: sql`allowed_scopes` },
  { table: sql`${oauthCodes}`, key: sql`hash`, column: sql`scopes` },
];

/** Stored scopes in PostgreSQL. */
export function postgresStoredScopes(db: Database): StoredScopes {
  return {
    async rewrite(user, change) {
      for (const { table, key, column } of places) {
        const rows = await db.run((q) =>
          q.execute<{ key: string; scopes: string[] }>(sql`
            SELECT ${key}::text AS key, ${column} AS scopes FROM ${table}
            WHERE EXISTS (SELECT FROM jsonb_array_elements_text(${column}) scope
              WHERE right(scope, length(${userFilter(user)}::text)) = ${userFilter(user)}::text
                OR position(${serverFilter(user)}::text IN scope) > 0)
            ORDER BY ${key} FOR UPDATE`),
        );
        const changed = rows.flatMap(({ key: id, scopes }) => {
          const next = scopes.map(change);
          return next.every((scope, index) => scope === scopes[index]) ? [] : [{ key: id, scopes: next }];
        });
        if (changed.length === 0) continue;
        await db.run((q) =>
          q.execute(sql`
            UPDATE ${table} SET ${column} = n.scopes
            FROM jsonb_to_recordset(${JSON.stringify(changed)}::jsonb) AS n(key text, scopes jsonb)
            WHERE ${table}.${key}::text = n.key`),
        );
      }
      await raiseAccessEpoch(db);
    },
  };
}

const userFilter = (user: string) => `!user=${user}`;
const serverFilter = (user: string) => `!server=${user}/`;
