import { sql } from 'drizzle-orm';
import type { SealedColumn, SealedStore } from '../../accounts/rekey.ts';
import type { Database } from '../database.ts';
import { sealedAuthorities } from '../postgres-authorities.ts';
import { identities, users } from '../tables/index.ts';

/** Every column that holds something encrypted. A test compares with the columns there are. */
export function postgresSealed(db: Database): SealedStore {
  return { columns: [ofUsers(db), ofIdentities(db), sealedAuthorities(db)] };
}

function ofUsers(db: Database): SealedColumn {
  return {
    name: 'users.sealed_auth_state',
    after: (key, limit) =>
      db.run((q) =>
        q.execute<{ key: string; sealed: string }>(sql`
          SELECT id::text AS key, sealed_auth_state AS sealed FROM ${users}
          WHERE sealed_auth_state IS NOT NULL AND id > ${key ?? '0'}::bigint ORDER BY id LIMIT ${limit}`),
      ),
    async replace(rows) {
      const batch = JSON.stringify(rows.map(({ key, sealed, by }) => ({ id: key, sealed, by })));
      const done = await db.run((q) =>
        q.execute(sql`
          WITH batch AS MATERIALIZED (
            SELECT * FROM jsonb_to_recordset(${batch}::jsonb) AS one(id bigint, sealed text, by text)
          ), locked AS MATERIALIZED (
            SELECT t.id FROM ${users} t WHERE t.id IN (SELECT id FROM batch) ORDER BY t.id FOR NO KEY UPDATE
          )
          UPDATE ${users} t SET sealed_auth_state = batch.by FROM batch JOIN locked USING (id)
          WHERE t.id = batch.id AND t.sealed_auth_state = batch.sealed RETURNING t.id`),
      );
      return done.length;
    },
  };
}

function ofIdentities(db: Database): SealedColumn {
  return {
    name: 'identities.sealed_auth_state',
    async after(key, limit) {
      const [authenticator, subject] = key === null ? ['', ''] : parts(key);
      const rows = await db.run((q) =>
        q.execute<{ authenticator: string; subject: string; sealed: string }>(sql`
          SELECT authenticator, subject, sealed_auth_state AS sealed FROM ${identities}
          WHERE sealed_auth_state IS NOT NULL AND (authenticator, subject) > (${authenticator}, ${subject})
          ORDER BY authenticator, subject LIMIT ${limit}`),
      );
      return rows.map((row) => ({
        key: JSON.stringify([row.authenticator, row.subject]),
        sealed: row.sealed,
      }));
    },
    async replace(rows) {
      const batch = JSON.stringify(
        rows.map(({ key, sealed, by }) => {
          const [authenticator, subject] = parts(key);
          return { authenticator, subject, sealed, by };
        }),
      );
      const done = await db.run((q) =>
        q.execute(sql`
          WITH batch AS MATERIALIZED (
            SELECT * FROM jsonb_to_recordset(${batch}::jsonb)
              AS one(authenticator text, subject text, sealed text, by text)
          ), locked AS MATERIALIZED (
            SELECT t.authenticator, t.subject FROM ${identities} t
            WHERE (t.authenticator, t.subject) IN (SELECT authenticator, subject FROM batch)
            ORDER BY t.authenticator, t.subject FOR NO KEY UPDATE
          )
          UPDATE ${identities} t SET sealed_auth_state = batch.by
          FROM batch JOIN locked USING (authenticator, subject)
          WHERE t.authenticator = batch.authenticator AND t.subject = batch.subject
            AND t.sealed_auth_state = batch.sealed RETURNING t.subject`),
      );
      return done.length;
    },
  };
}

/** A key of this column is the JSON of its two parts, and made above. */
function parts(key: string): [authenticator: string, subject: string] {
  return JSON.parse(key);
}
