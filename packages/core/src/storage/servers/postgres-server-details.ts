import { and, eq, sql } from 'drizzle-orm';
import type { ServerDetailsStore } from '../../servers/server-details.ts';
import type { Database } from '../database.ts';
import { servers, users } from '../tables/index.ts';
import { returningServer } from './server-rows.ts';

/** Stopped servers in PostgreSQL. A change raises the fence: no start goes on with the old ones. */
export function postgresServerDetails(db: Database): ServerDetailsStore {
  return {
    async lockOwner(userId) {
      await db.run((q) =>
        q.execute(sql`SELECT FROM ${users} WHERE id = ${userId}::bigint FOR NO KEY UPDATE`),
      );
    },
    async add(userId, name, initial) {
      const [row] = await db.run((q) =>
        q
          .insert(servers)
          .values({ userId, name, ...initial })
          .onConflictDoNothing({ target: [servers.userId, servers.name] })
          .returning({ id: servers.id }),
      );
      return row?.id ?? null;
    },
    async change({ id, fence, phase }, { name, displayName, userOptions }) {
      const [row] = await db.run((q) =>
        q
          .update(servers)
          .set({
            fence: sql`${servers.fence} + 1`,
            owner: null, // of a server whose name was asked for
            ...(name === undefined ? {} : { name }),
            ...(displayName === undefined ? {} : { displayName }),
            ...(userOptions === undefined ? {} : { userOptions }),
          })
          .from(users)
          .where(
            and(
              eq(users.id, servers.userId),
              eq(servers.id, id),
              eq(servers.fence, fence),
              eq(servers.phase, phase),
            ),
          )
          .returning(returningServer),
      );
      return row ?? null;
    },
  };
}
