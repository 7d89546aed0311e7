import { type SQL, sql } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { settings, users } from '../tables/index.ts';

/** Key of the setting that counts changes of what roles and groups may do. */
export const accessEpochKey = 'access_epoch';

/** Every kept sum of scopes, of everybody, is void once this transaction commits. */
export async function raiseAccessEpoch(db: Database): Promise<void> {
  await db.run((q) =>
    q
      .insert(settings)
      .values({ key: accessEpochKey, value: 1 })
      .onConflictDoUpdate({
        target: settings.key,
        set: { value: sql`to_jsonb((${settings.value} #>> '{}')::bigint + 1)` },
      }),
  );
}

/** The kept sums of scopes of these users are void once this transaction commits. Rows are locked in id order. */
export async function raiseAccessVersions(db: Database, which: SQL): Promise<void> {
  await db.run((q) =>
    q.execute(sql`
      WITH raised AS (SELECT id FROM ${users} WHERE ${which} ORDER BY id FOR NO KEY UPDATE)
      UPDATE ${users} SET access_version = access_version + 1 FROM raised WHERE ${users.id} = raised.id`),
  );
}

/** Texts for `= ANY(…)`: one parameter, however many there are, and the planner still takes the index. */
export function textArray(texts: Iterable<string>): SQL {
  return sql`ARRAY(SELECT jsonb_array_elements_text(${JSON.stringify([...texts])}::jsonb))`;
}

/** Ids for `= ANY(…)`. */
export function idArray(ids: Iterable<number>): SQL {
  return sql`ARRAY(SELECT jsonb_array_elements_text(${JSON.stringify([...ids])}::jsonb)::bigint)`;
}
