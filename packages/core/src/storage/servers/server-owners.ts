import { eq, sql } from 'drizzle-orm';
import { quoteName } from '../../kernel/index.ts';
import type { ServerOwners } from '../../servers/ports.ts';
import type { Database } from '../database.ts';
import { groups, memberships, users } from '../tables/index.ts';

/** Owners of servers, with their groups, in one read. */
export function postgresServerOwners(db: Database): ServerOwners {
  return {
    async view(userId) {
      const [row] = await db.run((q) =>
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
          .where(eq(users.id, userId)),
      );
      return row ? { ...row, id: String(row.id), escapedName: quoteName(row.name) } : null;
    },
  };
}
