import { type SQL, sql } from 'drizzle-orm';
import type { HolderKind, ManagedDefinition, ManagedRights } from '../../accounts/managed-ports.ts';
import { HubError } from '../../plugin/index.ts';
import type { Database } from '../database.ts';
import {
  groupRoles,
  groups,
  memberships,
  roles,
  serviceRoles,
  services,
  userRoles,
  users,
} from '../tables/index.ts';
import { idArray, raiseAccessEpoch, raiseAccessVersions, textArray } from './access-versions.ts';

/** Groups and roles as authenticators give them, in PostgreSQL. Rows are locked in the order of names or ids. */
export function postgresManagedRights(db: Database): ManagedRights {
  return {
    async setGroups(userId, groupNames) {
      await db.run((q) =>
        q.execute(sql`INSERT INTO ${groups} (name)
          SELECT DISTINCT name COLLATE "C" FROM unnest(${textArray(groupNames)}) AS n(name) ORDER BY 1
          ON CONFLICT (name) DO NOTHING`),
      );
      const lost = await names(
        sql`DELETE FROM ${memberships} m USING ${groups} g
          WHERE m.user_id = ${userId} AND g.id = m.group_id AND g.name <> ALL(${textArray(groupNames)}) RETURNING g.name`,
      );
      const won = await names(
        sql`INSERT INTO ${memberships} (group_id, user_id)
          SELECT id, ${userId} FROM ${groups} WHERE name = ANY(${textArray(groupNames)}) ORDER BY 1
          ON CONFLICT DO NOTHING RETURNING group_id::text AS name`,
      );
      const changed = lost.length + won.length > 0;
      if (changed) await raiseAccessVersions(db, sql`id = ${userId}`);
      return changed;
    },
    async putRoles(definitions) {
      // One that somebody removes between the two statements is made once more.
      for (let attempt = 1; ; attempt++) {
        await define(db, definitions);
        const held = await names(
          sql`SELECT name FROM ${roles} WHERE name = ANY(${textArray(definitions.map(({ name }) => name))})
            ORDER BY name FOR KEY SHARE`,
        );
        if (held.length === new Set(definitions.map(({ name }) => name)).size) return;
        if (attempt === 5) throw new HubError('HUB_CONFLICTING_CHANGE', 'Roles change too fast. Try again.');
      }
    },
    async setHolders(role, kind, holderNames) {
      const { holders, key, table } = kinds[kind];
      const unknown = await names(
        sql`SELECT n.name FROM unnest(${textArray(holderNames)}) AS n(name)
          WHERE NOT EXISTS (SELECT FROM ${table} t WHERE t.name = n.name) ORDER BY 1`,
      );
      const lost = await ids(
        sql`DELETE FROM ${holders} h USING ${roles} r, ${table} t
          WHERE r.id = h.role_id AND r.name = ${role} AND t.id = h.${key} AND (h.managed_by_auth OR r.managed_by_auth)
            AND t.name <> ALL(${textArray(holderNames)}) RETURNING t.id`,
      );
      const won = await ids(
        sql`INSERT INTO ${holders} (${key}, role_id, managed_by_auth)
          SELECT t.id, r.id, true FROM ${table} t, ${roles} r
          WHERE r.name = ${role} AND t.name = ANY(${textArray(holderNames)}) ORDER BY 1, 2
          ON CONFLICT DO NOTHING RETURNING ${key} AS id`,
      );
      await raise(db, kind, [...lost, ...won]);
      return unknown;
    },
    async setRolesOf(userId, roleNames, keep) {
      // Of several who give a role back at once the last one sees that nobody holds it any more.
      await names(
        sql`SELECT r.name FROM ${roles} r
          WHERE r.managed_by_auth AND r.name <> ALL(${textArray([...roleNames, ...keep])})
            AND EXISTS (SELECT FROM ${userRoles} h WHERE h.role_id = r.id AND h.user_id = ${userId})
          ORDER BY r.name FOR NO KEY UPDATE OF r`,
      );
      const lost = await names(
        sql`DELETE FROM ${userRoles} h USING ${roles} r WHERE h.user_id = ${userId} AND r.id = h.role_id
          AND r.name <> ALL(${textArray([...roleNames, ...keep])}) RETURNING r.name`,
      );
      const granted = roleNames.filter((name) => !keep.includes(name));
      const won = await names(
        sql`WITH won AS (
            INSERT INTO ${userRoles} (user_id, role_id, managed_by_auth)
            SELECT ${userId}, id, true FROM ${roles} WHERE name = ANY(${textArray(granted)}) ORDER BY 2
            ON CONFLICT DO NOTHING RETURNING role_id
          ) SELECT r.name FROM won JOIN ${roles} r ON r.id = won.role_id`,
      );
      // What the configuration gave before is the authenticator's word now.
      for (const name of granted) await mark(db, userId, name, true);
      if (lost.length + won.length > 0) await raiseAccessVersions(db, sql`id = ${userId}`);
      return { won, lost };
    },
    async isManagedHolder(userId, role) {
      const found = await names(
        sql`SELECT r.name FROM ${userRoles} h JOIN ${roles} r ON r.id = h.role_id
          WHERE h.user_id = ${userId} AND r.name = ${role} AND h.managed_by_auth`,
      );
      return found.length > 0;
    },
    markHolder: (userId, role, managed) => mark(db, userId, role, managed),
    async removeUnheld(roleNames) {
      const which = sql`name = ANY(${textArray(roleNames)}) AND managed_by_auth AND ${unheld}`;
      // Whoever is about to hold one of them has a lock on it: it is looked at again after they are done.
      const locked = await names(sql`SELECT name FROM ${roles} WHERE ${which} ORDER BY name FOR UPDATE`);
      if (locked.length === 0) return [];
      return names(sql`DELETE FROM ${roles} WHERE ${which} RETURNING name`);
    },
    async removeRolesExcept(roleNames) {
      const gone = await names(
        sql`DELETE FROM ${roles} WHERE managed_by_auth AND name <> ALL(${textArray(roleNames)}) RETURNING name`,
      );
      if (gone.length > 0) await raiseAccessEpoch(db);
      return gone;
    },
  };

  async function names(statement: SQL): Promise<readonly string[]> {
    const rows = await db.run((q) => q.execute<{ name: string }>(statement));
    return rows.map(({ name }) => name);
  }

  async function ids(statement: SQL): Promise<readonly number[]> {
    const rows = await db.run((q) => q.execute<{ id: string }>(statement));
    return rows.map(({ id }) => Number(id));
  }
}

const kinds = {
  users: { holders: userRoles, key: sql.raw('user_id'), table: users },
  groups: { holders: groupRoles, key: sql.raw('group_id'), table: groups },
  services: { holders: serviceRoles, key: sql.raw('service_id'), table: services },
} as const;

const unheld = sql`NOT EXISTS (SELECT FROM ${userRoles} h WHERE h.role_id = roles.id)
  AND NOT EXISTS (SELECT FROM ${groupRoles} h WHERE h.role_id = roles.id)
  AND NOT EXISTS (SELECT FROM ${serviceRoles} h WHERE h.role_id = roles.id)`;

async function define(db: Database, definitions: readonly ManagedDefinition[]): Promise<void> {
  const given = sql`jsonb_to_recordset(${JSON.stringify(definitions)}::jsonb) AS d(name text, description text, scopes jsonb)`;
  await db.run((q) =>
    q.execute(sql`INSERT INTO ${roles} (name, description, scopes, managed_by_auth)
      SELECT d.name, coalesce(d.description, ''), coalesce(d.scopes, '[]'), true FROM ${given}
      ORDER BY d.name COLLATE "C" ON CONFLICT (name) DO NOTHING`),
  );
  const changed = await db.run((q) =>
    q.execute(sql`UPDATE ${roles} r SET description = coalesce(d.description, r.description),
        scopes = coalesce(d.scopes, r.scopes)
      FROM ${given} WHERE r.name = d.name AND (r.description <> coalesce(d.description, r.description)
        OR r.scopes <> coalesce(d.scopes, r.scopes)) RETURNING r.id`),
  );
  if (changed.length > 0) await raiseAccessEpoch(db);
}

async function mark(db: Database, userId: number, role: string, managed: boolean): Promise<void> {
  await db.run((q) =>
    q.execute(sql`UPDATE ${userRoles} h SET managed_by_auth = ${managed} FROM ${roles} r
      WHERE r.id = h.role_id AND r.name = ${role} AND h.user_id = ${userId} AND h.managed_by_auth <> ${managed}`),
  );
}

async function raise(db: Database, kind: HolderKind, changed: readonly number[]): Promise<void> {
  if (changed.length === 0) return;
  const which = sql`id = ANY(${idArray(changed)})`;
  if (kind === 'users') await raiseAccessVersions(db, which);
  else if (kind === 'groups') await raiseAccessEpoch(db);
  else {
    await db.run((q) =>
      q.execute(sql`UPDATE ${services} SET access_version = access_version + 1 WHERE ${which}`),
    );
  }
}
