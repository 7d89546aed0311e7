import { sql } from 'drizzle-orm';
import type { SealedColumn } from '../accounts/rekey.ts';
import type { AuthorityStore, Generation } from '../tls/index.ts';
import type { Database } from './database.ts';
import { locks } from './locks.ts';
import { settings } from './tables/index.ts';

/** A generation is one row, so that hubs add and remove without reading the others. */
const prefix = 'tls_authorities:';

/** The authorities of internal TLS in `settings`, their keys sealed. */
export function postgresAuthorities(db: Database): AuthorityStore {
  return {
    async load() {
      const rows = await db.run((q) =>
        q.execute<{ value: unknown }>(
          sql`SELECT value FROM ${settings} WHERE key LIKE ${`${prefix}%`} ORDER BY (value->>'number')::int`,
        ),
      );
      // Written by `add` alone.
      return rows.map(({ value }) => value as Generation);
    },
    async add(generation) {
      const value = JSON.stringify(generation);
      await db.run((q) =>
        q.execute(
          sql`INSERT INTO ${settings} (key, value) VALUES (${prefix + generation.number}, ${value}::jsonb)`,
        ),
      );
    },
    async remove(number) {
      await db.run((q) => q.execute(sql`DELETE FROM ${settings} WHERE key = ${prefix + number}`));
    },
    exclusively: (work) =>
      db.transaction(async () => {
        await db.run((q) => q.execute(sql`SELECT pg_advisory_xact_lock(${locks.tlsAuthorities})`));
        return work();
      }),
  };
}

/** Their keys, for a change of the encryption key. */
export function sealedAuthorities(db: Database): SealedColumn {
  return {
    name: 'settings.value',
    after: (key, limit) =>
      db.run((q) =>
        q.execute<{ key: string; sealed: string }>(sql`
          SELECT key, value->>'sealedKeys' AS sealed FROM ${settings}
          WHERE key LIKE ${`${prefix}%`} AND key > ${key ?? ''} ORDER BY key LIMIT ${limit}`),
      ),
    async replace(rows) {
      let done = 0;
      for (const { key, sealed, by } of rows) {
        const changed = await db.run((q) =>
          q.execute(sql`
            UPDATE ${settings} SET value = jsonb_set(value, '{sealedKeys}', to_jsonb(${by}::text))
            WHERE key = ${key} AND value->>'sealedKeys' = ${sealed} RETURNING key`),
        );
        done += changed.length;
      }
      return done;
    },
  };
}
