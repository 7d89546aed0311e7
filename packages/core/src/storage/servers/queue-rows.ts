import { and, asc, eq, inArray, sql } from 'drizzle-orm';
import type { ServerCounts } from '../../servers/ports.ts';
import type { ServerRecord } from '../../servers/server.ts';
import type { Database } from '../database.ts';
import { locks } from '../locks.ts';
import { servers, users } from '../tables/index.ts';
import { returningServer } from './server-rows.ts';

/** Takes the lock under which starts are counted; it is held until the transaction ends. */
export async function lockAndCount(db: Database): Promise<ServerCounts> {
  await db.run((q) => q.execute(sql`SELECT pg_advisory_xact_lock(${locks.queue})`));
  return countServers(db);
}

/** How many servers stand where, by the partial index over those not stopped. */
export async function countServers(db: Database): Promise<ServerCounts> {
  const rows = await db.run((q) =>
    q
      .select({ phase: servers.phase, count: sql<number>`count(*)::int` })
      .from(servers)
      .where(sql`${servers.phase} <> 'stopped'`)
      .groupBy(servers.phase),
  );
  const of = (phase: string) => rows.find((row) => row.phase === phase)?.count ?? 0;
  return { queued: of('queued'), starting: of('starting'), ready: of('ready'), stopping: of('stopping') };
}

/** The oldest queued servers there is room for, now `starting` and ours. Call it inside a transaction. */
export async function takeFromQueue(
  db: Database,
  by: { readonly owner: string; readonly spawners: readonly string[] },
  limit: number,
): Promise<readonly ServerRecord[]> {
  const waiting = await db.run((q) =>
    q
      .select({ id: servers.id })
      .from(servers)
      .where(and(eq(servers.phase, 'queued'), inArray(servers.spawner, [...by.spawners])))
      .limit(1),
  );
  if (waiting.length === 0) return []; // the usual case needs no lock
  const { starting } = await lockAndCount(db);
  const room = Math.min(limit - starting, 1_000);
  if (room <= 0) return [];
  const next = await db.run((q) =>
    q
      .select({ id: servers.id })
      .from(servers)
      .where(and(eq(servers.phase, 'queued'), inArray(servers.spawner, [...by.spawners])))
      .orderBy(asc(servers.queueClass), asc(servers.queuedAt), asc(servers.id))
      .limit(room),
  );
  const order = next.map(({ id }) => id);
  if (order.length === 0) return [];
  // A start may be cancelled between the two statements: the second looks again.
  const taken = await db.run((q) =>
    q
      .update(servers)
      .set({
        phase: 'starting',
        owner: by.owner,
        fence: sql`${servers.fence} + 1`,
        startingAt: sql`hub_now()`,
      })
      .from(users)
      .where(and(eq(users.id, servers.userId), inArray(servers.id, order), eq(servers.phase, 'queued')))
      .returning(returningServer),
  );
  return taken.toSorted((one, other) => order.indexOf(one.id) - order.indexOf(other.id));
}

/** How many starts come before this one; `null` when it is not queued. */
export async function queuePosition(db: Database, id: number): Promise<number | null> {
  const rows = await db.run((q) =>
    q.execute<{ place: number }>(sql`
      SELECT (SELECT count(*)::int FROM servers other WHERE other.phase = 'queued'
        AND (other.queue_class, other.queued_at, other.id) < (mine.queue_class, mine.queued_at, mine.id)) AS place
      FROM servers mine WHERE mine.id = ${id} AND mine.phase = 'queued'`),
  );
  return rows[0]?.place ?? null;
}
