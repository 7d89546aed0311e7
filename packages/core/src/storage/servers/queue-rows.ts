import { and, eq, inArray, sql } from 'drizzle-orm';
import type { ServerCounts } from '../../servers/ports.ts';
import type { ServerRecord } from '../../servers/server.ts';
import type { Database } from '../database.ts';
import { locks } from '../locks.ts';
import { servers, users } from '../tables/index.ts';
import { returningServer } from './server-rows.ts';

const mostAtOnce = 1_000;

/** Takes the lock under which starts are counted; it is held until the transaction ends. */
export async function lockAndCount(db: Database): Promise<ServerCounts> {
  await lockQueue(db);
  return countServers(db);
}

async function lockQueue(db: Database): Promise<void> {
  await db.run((q) => q.execute(sql`SELECT pg_advisory_xact_lock(${locks.queue})`));
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

/** Does any start wait that one of these spawners could run? */
export async function anyQueued(db: Database, spawners: readonly string[]): Promise<boolean> {
  const rows = await db.run((q) =>
    q
      .select({ id: servers.id })
      .from(servers)
      .where(and(eq(servers.phase, 'queued'), inArray(servers.spawner, [...spawners])))
      .limit(1),
  );
  return rows.length > 0;
}

/** The oldest queued servers there is room for, now `starting` and ours. Call it inside a transaction. */
export async function takeFromQueue(
  db: Database,
  by: { readonly owner: string; readonly spawners: readonly string[] },
  limit: number,
): Promise<readonly ServerRecord[]> {
  await lockQueue(db);
  // A start may be cancelled meanwhile: a row that was waited for is looked at once more.
  const next = sql`(
    SELECT waiting.id FROM ${servers} AS waiting
    WHERE waiting.phase = 'queued' AND waiting.spawner = ANY(${sql.param([...by.spawners])}::text[])
    ORDER BY waiting.queue_class, waiting.queued_at, waiting.id
    LIMIT least(${mostAtOnce}::bigint, greatest(0, ${limit}::bigint - (
      SELECT count(*) FROM ${servers} AS busy WHERE busy.phase = 'starting'))))`;
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
      .where(and(eq(users.id, servers.userId), sql`${servers.id} IN ${next}`, eq(servers.phase, 'queued')))
      .returning(returningServer),
  );
  return taken.toSorted(byTurn);
}

/** Times of the database sort as text. */
function byTurn(one: ServerRecord, other: ServerRecord): number {
  const [a = '', b = ''] = [one.queuedAt ?? '', other.queuedAt ?? ''];
  return one.queueClass - other.queueClass || (a < b ? -1 : a > b ? 1 : one.id - other.id);
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
