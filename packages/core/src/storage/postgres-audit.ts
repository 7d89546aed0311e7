import { sql } from 'drizzle-orm';
import type { Database } from './database.ts';
import { audit } from './tables/index.ts';

const purgeBatch = 5_000;

/** Deletes rows of the audit trail older than so many days, in small statements; 0 keeps all. Answers how many. */
export async function purgeAudit(db: Database, keepDays: number): Promise<number> {
  if (keepDays === 0) return 0;
  let purged = 0;
  for (;;) {
    const rows = await db.run((q) =>
      q.execute(sql`
        DELETE FROM ${audit} WHERE id IN (
          SELECT id FROM ${audit} WHERE at < hub_now() - ${keepDays}::double precision * interval '1 day'
          ORDER BY at LIMIT ${purgeBatch})
        RETURNING 1`),
    );
    purged += rows.length;
    if (rows.length < purgeBatch) return purged;
  }
}
