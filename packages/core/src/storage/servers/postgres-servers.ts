import { and, asc, eq, inArray, isNull, or, sql } from 'drizzle-orm';
import type { ServerRepository } from '../../servers/ports.ts';
import type { ServerRecord } from '../../servers/server.ts';
import { holdUser } from '../accounts/kept-out.ts';
import type { Database } from '../database.ts';
import { gathered, gatheredRows } from '../gathered.ts';
import { hubs, servers, users } from '../tables/index.ts';
import { appendEvents, clearEvents, eventsSince, story, type Told } from './event-rows.ts';
import { anyQueued, countServers, lockAndCount, queuePosition, takeFromQueue } from './queue-rows.ts';
import { assignments, isAmong, returningServer, selectServers } from './server-rows.ts';

/** Servers in PostgreSQL. */
export function postgresServers(db: Database): ServerRepository {
  const one = async (rows: Promise<readonly ServerRecord[]>) => (await rows)[0] ?? null;

  const append = gathered(db, (told: readonly Told[]) => appendEvents(db, told));

  return {
    byId: gatheredRows(
      db,
      (ids) => db.run((q) => selectServers(q).where(isAmong(servers.id, ids))),
      ({ id }) => id,
    ),

    byName: (userId, name) =>
      one(db.run((q) => selectServers(q).where(and(eq(servers.userId, userId), eq(servers.name, name))))),

    byNames: (userName, name) =>
      one(db.run((q) => selectServers(q).where(and(eq(users.name, userName), eq(servers.name, name))))),

    ofUser: (userId) =>
      db.run((q) => selectServers(q).where(eq(servers.userId, userId)).orderBy(asc(servers.name))),

    async ensure(userId, name, initial) {
      const insert = { userId, name, ...initial };
      await db.run((q) =>
        q
          .insert(servers)
          .values(insert)
          .onConflictDoNothing({ target: [servers.userId, servers.name] }),
      );
      const row = await this.byName(userId, name);
      if (!row) throw new Error('a server row vanished right after it was made');
      return row;
    },

    async countNamed(userId) {
      const [row] = await db.run((q) =>
        q
          .select({ count: sql<number>`count(*)::int` })
          .from(servers)
          .where(and(eq(servers.userId, userId), sql`${servers.name} <> ''`)),
      );
      return row?.count ?? 0;
    },

    change: (guard, to, options = {}) =>
      one(
        db.run((q) =>
          q
            .update(servers)
            .set({ ...assignments(to), ...(options.raiseFence ? { fence: sql`${servers.fence} + 1` } : {}) })
            .from(users)
            .where(
              and(
                eq(users.id, servers.userId),
                eq(servers.id, guard.id),
                eq(servers.fence, guard.fence),
                eq(servers.phase, guard.phase),
              ),
            )
            .returning(returningServer),
        ),
      ),

    async remove(guard) {
      const rows = await db.run((q) =>
        q
          .delete(servers)
          .where(and(eq(servers.id, guard.id), eq(servers.fence, guard.fence), eq(servers.phase, 'stopped')))
          .returning({ id: servers.id }),
      );
      return rows.length > 0;
    },

    holdOwner: (userId) => holdUser(db, userId),

    ofDisabledOwners: () =>
      db.run((q) =>
        selectServers(q).where(
          and(
            inArray(servers.phase, ['queued', 'starting', 'ready']),
            sql`(${users.disabled} OR ${users.blocked})`,
          ),
        ),
      ),

    lockAndCount: () => lockAndCount(db),
    counts: () => countServers(db),
    anyQueued: (spawners) => anyQueued(db, spawners),
    takeFromQueue: (by, limit) => takeFromQueue(db, by, limit),
    queuePosition: (id) => queuePosition(db, id),

    claimAbandoned: (by) =>
      db.run((q) => {
        const abandoned = q
          .select({ id: servers.id })
          .from(servers)
          .leftJoin(hubs, eq(hubs.id, servers.owner))
          .where(
            and(
              inArray(servers.phase, ['starting', 'stopping']),
              inArray(servers.spawner, [...by.spawners]),
              // A clock that jumps forward ends the own lease as well, until the next second.
              sql`${servers.owner} IS DISTINCT FROM ${by.owner}`,
              or(isNull(hubs.id), sql`${hubs.leaseUntil} < clock_timestamp()`),
              onHost(by.host, by.hostBound),
            ),
          )
          .orderBy(asc(servers.id))
          .limit(200)
          .for('update', { of: servers, skipLocked: true });
        return q
          .update(servers)
          .set({ owner: by.owner, fence: sql`${servers.fence} + 1`, retryAt: null })
          .from(users)
          .where(and(eq(users.id, servers.userId), inArray(servers.id, abandoned)))
          .returning(returningServer);
      }),

    ownedAndDue: (owner) =>
      db.run((q) =>
        selectServers(q).where(
          and(
            eq(servers.owner, owner),
            inArray(servers.phase, ['starting', 'stopping']),
            or(isNull(servers.retryAt), sql`${servers.retryAt} <= hub_now()`),
          ),
        ),
      ),

    readyServers: ({ spawners, host, hostBound }) =>
      db.run((q) =>
        selectServers(q).where(
          and(eq(servers.phase, 'ready'), inArray(servers.spawner, [...spawners]), onHost(host, hostBound)),
        ),
      ),

    async currentKeys(keys) {
      const rows = await db.run((q) =>
        q
          .select({ key: sql<string>`${servers.id} || '-' || ${servers.attempt}` })
          .from(servers)
          .where(
            and(
              sql`${servers.phase} <> 'stopped'`,
              sql`${servers.id} || '-' || ${servers.attempt} = ANY(${sql.param([...keys])}::text[])`,
            ),
          ),
      );
      return new Set(rows.map(({ key }) => key));
    },

    routed: () =>
      db.run((q) =>
        q
          .select({
            id: servers.id,
            attempt: servers.attempt,
            userName: users.name,
            name: servers.name,
            phase: servers.phase,
            target: servers.target,
          })
          .from(servers)
          .innerJoin(users, eq(users.id, servers.userId))
          .where(sql`${servers.phase} <> 'stopped'`),
      ),

    liveHubs: () =>
      db.run((q) =>
        q
          .select({ id: hubs.id, host: hubs.host, spawners: hubs.spawners })
          .from(hubs)
          .where(sql`${hubs.leaseUntil} > clock_timestamp()`),
      ),

    appendEvents: (guard, firstSeq, events) => append({ ...guard, firstSeq, events }),
    eventsSince: (id, attempt, seq) => eventsSince(db, id, attempt, seq),
    story: (id, attempt, most) => story(db, id, attempt, most),
    clearEvents: (id, beforeAttempt) => clearEvents(db, id, beforeAttempt),
  };
}

/** A server whose process lives on a host is the business of hubs there. */
function onHost(host: string, hostBound: readonly string[]) {
  if (hostBound.length === 0) return undefined;
  return sql`(NOT ${inArray(servers.spawner, [...hostBound])} OR ${servers.host} IS NULL OR ${servers.host} = ${host})`;
}
