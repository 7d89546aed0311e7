import { and, asc, desc, eq, gt, lt, sql } from 'drizzle-orm';
import type { JsonObject, ProgressEvent } from '../../plugin/index.ts';
import type { StoryLine } from '../../servers/ports.ts';
import type { Database } from '../database.ts';
import { serverEvents, servers } from '../tables/index.ts';

const purgeBatch = 5_000;

/** Adds to an attempt's story if the writer is still its owner; false when it is not. */
export async function appendEvents(
  db: Database,
  guard: { readonly id: number; readonly fence: number; readonly attempt: number },
  firstSeq: number,
  events: readonly ProgressEvent[],
): Promise<boolean> {
  if (events.length === 0) return true;
  const written = await db.run((q) =>
    q
      .insert(serverEvents)
      .select(
        q
          .select({
            serverId: servers.id,
            attempt: servers.attempt,
            seq: sql<number>`${firstSeq}::int + (told.ordinal::int - 1)`.as('seq'),
            event: sql<JsonObject>`told.event`.as('event'),
            at: sql<string>`hub_now()`.as('at'),
          })
          .from(servers)
          .innerJoin(
            sql`jsonb_array_elements(${JSON.stringify(events)}::text::jsonb) WITH ORDINALITY AS told(event, ordinal)`,
            sql`true`,
          )
          .where(
            and(eq(servers.id, guard.id), eq(servers.fence, guard.fence), eq(servers.attempt, guard.attempt)),
          ),
      )
      // The same batch again: the first try was stored although it was reported as failed.
      .onConflictDoUpdate({
        target: [serverEvents.serverId, serverEvents.attempt, serverEvents.seq],
        set: { event: sql`excluded.event` },
      })
      .returning({ seq: serverEvents.seq }),
  );
  return written.length > 0;
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
