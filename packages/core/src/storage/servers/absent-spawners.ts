import { and, count, ne, notInArray } from 'drizzle-orm';
import type { Database } from '../database.ts';
import { servers } from '../tables/index.ts';

/** Servers that are not stopped and belong to spawners besides the given ones: nobody here can ask after them. */
export function serversOfOtherSpawners(
  db: Database,
  ids: readonly string[],
): Promise<readonly { readonly spawner: string; readonly servers: number }[]> {
  return db.run((q) =>
    q
      .select({ spawner: servers.spawner, servers: count() })
      .from(servers)
      .where(and(ne(servers.phase, 'stopped'), notInArray(servers.spawner, [...ids])))
      .groupBy(servers.spawner)
      .orderBy(servers.spawner),
  );
}
