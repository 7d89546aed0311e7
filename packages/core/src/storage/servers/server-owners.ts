import { sql } from 'drizzle-orm';
import { quoteName } from '../../kernel/index.ts';
import type { ServerOwners } from '../../servers/ports.ts';
import type { Database } from '../database.ts';
import { gatheredRows } from '../gathered.ts';
import { groups, memberships, users } from '../tables/index.ts';
import { isAmong } from './server-rows.ts';

/** Owners of servers, with their groups, in one read. */
export function postgresServerOwners(db: Database): ServerOwners {
  const rowOf = gatheredRows(
    db,
    (ids) =>
      db.run((q) =>
        q
          .select({
            id: users.id,
            name: users.name,
            admin: users.admin,
            created: users.created,
            // By hand, for a query of one table names its columns without it: `id` would be that of the group.
            groups: sql<string[]>`array(SELECT g.name FROM ${memberships} m
              JOIN ${groups} g ON g.id = m.group_id WHERE m.user_id = ${users}.id ORDER BY 1)`,
          })
          .from(users)
          .where(isAmong(users.id, ids)),
      ),
    ({ id }) => id,
  );
  return {
    async view(userId) {
      const row = await rowOf(userId);
      return row ? { ...row, id: String(row.id), escapedName: quoteName(row.name) } : null;
    },
  };
}
