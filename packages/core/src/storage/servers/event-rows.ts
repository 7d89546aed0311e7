import { and, asc, desc, eq, gt, lt, sql } from 'drizzle-orm';
import type { ProgressEvent } from '../../plugin/index.ts';
import type { StoryLine } from '../../servers/ports.ts';
import type { Database } from '../database.ts';
import { serverEvents, servers } from '../tables/index.ts';

const purgeBatch = 5_000;

/** What one launch has to tell, numbered from `firstSeq`. */
export interface Told {
  readonly id: number;
  readonly fence: number;
  readonly attempt: number;
  readonly firstSeq: number;
  readonly events: readonly ProgressEvent[];
}

/** Adds to the stories of attempts whose writers are still their owners; false for those that are not. */
export async function appendEvents(db: Database, told: readonly Told[]): Promise<readonly boolean[]> {
  const lines = told.flatMap(({ id, fence, attempt, firstSeq, events }) =>
    events.map((event, nr) => ({ id, fence, attempt, seq: firstSeq + nr, event })),
  );
  if (lines.length === 0) return told.map(() => true);
  // The same batch again: the first try was stored although it was reported as failed.
  const written = await db.run((q) =>
    q.execute<{ id: string }>(sql`
      INSERT INTO ${serverEvents} (server_id, attempt, seq, event)
      SELECT s.id, s.attempt, told.seq, told.event
      FROM jsonb_to_recordset(${JSON.stringify(lines)}::text::jsonb)
        AS told(id bigint, fence bigint, attempt int, seq int, event jsonb)
      JOIN ${servers} s ON s.id = told.id AND s.fence = told.fence AND s.attempt = told.attempt
      ON CONFLICT (server_id, attempt, seq) DO UPDATE SET event = excluded.event
      RETURNING server_id::text AS id`),
  );
  const kept = new Set(written.map(({ id }) => Number(id)));
  return told.map(({ id, events }) => events.length === 0 || kept.has(id));
}

/** What was told after `seq`, in order. */
export async function eventsSince(
  db: Database,
  id: number,
  attempt: number,
  seq: number,
): Promise<readonly { readonly seq: number; readonly event: ProgressEvent }[]> {
  const rows = await db.run((q) =>
    q
      .select({ seq: serverEvents.seq, event: serverEvents.event })
      .from(serverEvents)
      .where(and(eq(serverEvents.serverId, id), eq(serverEvents.attempt, attempt), gt(serverEvents.seq, seq)))
      .orderBy(asc(serverEvents.seq)),
  );
  return rows.map((row) => ({ seq: row.seq, event: row.event }));
}

/** The last `most` sentences of an attempt, oldest first. */
export async function story(
  db: Database,
  id: number,
  attempt: number,
  most: number,
): Promise<readonly StoryLine[]> {
  const message = sql<string>`${serverEvents.event} ->> 'message'`;
  const rows = await db.run((q) =>
    q
      .select({ at: serverEvents.at, message })
      .from(serverEvents)
      .where(
        and(eq(serverEvents.serverId, id), eq(serverEvents.attempt, attempt), sql`${message} IS NOT NULL`),
      )
      .orderBy(desc(serverEvents.seq))
      .limit(most),
  );
  return rows.reverse();
}

/** Forgets the stories of attempts before this one. */
export async function clearEvents(db: Database, id: number, beforeAttempt: number): Promise<void> {
  await db.run((q) =>
    q.delete(serverEvents).where(and(eq(serverEvents.serverId, id), lt(serverEvents.attempt, beforeAttempt))),
  );
}

/**
 * Deletes events older than so many days of servers whose start is over, in small statements; answers how many.
 * What is pending keeps its story, however long it waits.
 */
export async function purgeEvents(db: Database, keepDays: number): Promise<number> {
  let purged = 0;
  for (;;) {
    const rows = await db.run((q) =>
      q.execute(sql`
        DELETE FROM ${serverEvents} WHERE (server_id, attempt, seq) IN (
          SELECT e.server_id, e.attempt, e.seq FROM ${serverEvents} e
          JOIN ${servers} s ON s.id = e.server_id
          WHERE e.at < hub_now() - ${keepDays}::double precision * interval '1 day'
            AND (e.attempt < s.attempt OR s.phase NOT IN ('queued', 'starting'))
          LIMIT ${purgeBatch})
        RETURNING 1`),
    );
    purged += rows.length;
    if (rows.length < purgeBatch) return purged;
  }
}
