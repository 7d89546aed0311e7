import { eq, type SQL, sql } from 'drizzle-orm';
import type { Filter } from '../../access/filter.ts';
import type { GroupDetails, GroupStore } from '../../accounts/group-ports.ts';
import type { JsonObject } from '../../plugin/index.ts';
import type { Database } from '../database.ts';
import { groupRoles, groups, memberships, roles, users } from '../tables/index.ts';
import { idArray, raiseAccessVersions, textArray } from './access-versions.ts';

type GroupRow = { id: string; name: string; properties: JsonObject; users: string[]; roles: string[] };

/** Groups in PostgreSQL. */
export function postgresGroups(db: Database): GroupStore {
  return {
    async byName(name) {
      const [row] = await db.run((q) => q.execute<GroupRow>(selectGroups(sql`g.name = ${name}`)));
      return row ? details(row) : null;
    },
    async byNames(names) {
      const rows = await db.run((q) =>
        q.execute<GroupRow>(selectGroups(sql`g.name = ANY(${textArray(names)})`)),
      );
      const byName = new Map(rows.map((row) => [row.name, details(row)]));
      return names.map((name) => byName.get(name)).filter((group) => group !== undefined);
    },
    async page({ access, offset, limit }) {
      const condition = reachesGroup(access);
      const rows = await db.run((q) => q.execute<GroupRow>(selectGroups(condition, { offset, limit })));
      const isLast = rows.length < limit && (rows.length > 0 || offset === 0);
      return {
        items: rows.map(details),
        total: isLast ? offset + rows.length : await count(db, condition),
      };
    },
    async add(names) {
      // In the order of names, so that two hubs adding the same ones never wait in a circle; ids in the order asked.
      const added = await db.run((q) =>
        q.execute<{ name: string }>(sql`
          WITH wanted AS MATERIALIZED (
            SELECT nextval(pg_get_serial_sequence('groups', 'id')) AS id, name
            FROM (SELECT name FROM jsonb_array_elements_text(${JSON.stringify(names)}::jsonb)
              WITH ORDINALITY AS n(name, nr) ORDER BY nr) asked
          )
          INSERT INTO ${groups} (id, name) OVERRIDING SYSTEM VALUE
          SELECT id, name FROM wanted ORDER BY name COLLATE "C"
          ON CONFLICT (name) DO NOTHING RETURNING name`),
      );
      return new Set(added.map(({ name }) => name));
    },
    async addMembers(names, members) {
      const added = await db.run((q) =>
        q.execute<{ user_id: string }>(sql`
          INSERT INTO ${memberships} (group_id, user_id)
          SELECT g.id, u.id FROM ${groups} g CROSS JOIN ${users} u
          WHERE g.name = ANY(${textArray(names)}) AND u.name = ANY(${textArray(members)}) ORDER BY 1, 2
          ON CONFLICT DO NOTHING RETURNING user_id`),
      );
      await raise(db, added);
    },
    async removeMembers(name, members) {
      const removed = await db.run((q) =>
        q.execute<{ user_id: string }>(sql`
          DELETE FROM ${memberships} m USING ${groups} g, ${users} u
          WHERE g.id = m.group_id AND u.id = m.user_id AND g.name = ${name}
            AND u.name = ANY(${textArray(members)}) RETURNING m.user_id`),
      );
      await raise(db, removed);
    },
    async setProperties(name, properties) {
      const changed = await db.run((q) =>
        q.update(groups).set({ properties }).where(eq(groups.name, name)).returning({ id: groups.id }),
      );
      return changed.length > 0;
    },
    async remove(name) {
      const [group] = await db.run((q) =>
        q.execute<{ id: string }>(sql`SELECT id FROM ${groups} WHERE name = ${name} FOR UPDATE`),
      );
      if (!group) return false;
      // Members lose the group's roles and what was shared with it.
      await raiseAccessVersions(
        db,
        sql`id IN (SELECT user_id FROM ${memberships} WHERE group_id = ${group.id}::bigint)`,
      );
      await db.run((q) => q.delete(groups).where(eq(groups.id, Number(group.id))));
      return true;
    },
    async unknownUsers(names) {
      if (names.length === 0) return [];
      const rows = await db.run((q) =>
        q.execute<{ name: string }>(sql`
          SELECT n.name FROM jsonb_array_elements_text(${JSON.stringify(names)}::jsonb) WITH ORDINALITY AS n(name, nr)
          WHERE NOT EXISTS (SELECT FROM ${users} u WHERE u.name = n.name) ORDER BY n.nr`),
      );
      return rows.map(({ name }) => name);
    },
  };
}

/** Groups with the names of their members and roles, oldest first. */
function selectGroups(condition: SQL, page?: { readonly offset: number; readonly limit: number }): SQL {
  const slice = page ? sql`LIMIT ${page.limit}::bigint OFFSET ${page.offset}::bigint` : sql``;
  return sql`
    SELECT g.id, g.name, g.properties,
      ARRAY(SELECT u.name FROM ${memberships} m JOIN ${users} u ON u.id = m.user_id
        WHERE m.group_id = g.id ORDER BY 1) AS users,
      ARRAY(SELECT r.name FROM ${groupRoles} h JOIN ${roles} r ON r.id = h.role_id
        WHERE h.group_id = g.id ORDER BY 1) AS roles
    FROM ${groups} g WHERE ${condition} ORDER BY g.id ${slice}`;
}

/** Which groups a permission reaches: only names of groups mean something here (R107, R129). */
function reachesGroup(access: Filter): SQL {
  if (access.kind === 'all') return sql`true`;
  if (access.kind === 'none' || access.groups.size === 0) return sql`false`;
  return sql`g.name = ANY(${textArray(access.groups)})`;
}

async function count(db: Database, condition: SQL): Promise<number> {
  const [row] = await db.run((q) =>
    q.execute<{ total: number }>(sql`SELECT count(*)::int AS total FROM ${groups} g WHERE ${condition}`),
  );
  return row?.total ?? 0;
}

async function raise(db: Database, changed: readonly { readonly user_id: string }[]): Promise<void> {
  if (changed.length === 0) return;
  await raiseAccessVersions(db, sql`id = ANY(${idArray(changed.map((row) => Number(row.user_id)))})`);
}

function details({ id, name, properties, users: members, roles: held }: GroupRow): GroupDetails {
  return { id: Number(id), name, properties, users: members, roles: held };
}
