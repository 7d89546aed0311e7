import { sql } from 'drizzle-orm';
import type { AccountSetup } from '../../accounts/setup-ports.ts';
import type { Database } from '../database.ts';
import { locks } from '../locks.ts';
import { groups, memberships, oauthClients, roles, servers, users } from '../tables/index.ts';
import { idArray, raiseAccessEpoch, raiseAccessVersions, textArray } from './access-versions.ts';
import { putBlocked, stripBlocked } from './blocked-users.ts';
import { equaliseAdmins, setGroupRoles, setServiceRoles, setUserRoles } from './role-holders.ts';
import { putServices } from './service-rows.ts';

/** Applies the configuration with statements over sets: the time does not grow with the number of users. */
export function postgresAccountSetup(db: Database): AccountSetup {
  return {
    async lock() {
      // Another hub may be at it with a long list; the usual limits are meant for requests.
      await db.run((q) =>
        q.execute(
          sql`SELECT set_config('lock_timeout', '60s', true), set_config('statement_timeout', '60s', true)`,
        ),
      );
      await db.run((q) => q.execute(sql`SELECT pg_advisory_xact_lock(${locks.configuration})`));
    },
    async putRoles(definitions) {
      const changed = await db.run((q) =>
        q.execute<{ name: string }>(sql`
          INSERT INTO ${roles} (name, description, scopes)
          SELECT name, description, scopes
          FROM jsonb_to_recordset(${JSON.stringify(definitions)}::jsonb) AS d(name text, description text, scopes jsonb)
          ON CONFLICT (name) DO UPDATE
            SET description = excluded.description, scopes = excluded.scopes, managed_by_auth = false
          WHERE (roles.description, roles.scopes, roles.managed_by_auth)
            IS DISTINCT FROM (excluded.description, excluded.scopes, false)
          RETURNING name`),
      );
      const gone = await db.run((q) =>
        q.execute<{ name: string }>(sql`
          DELETE FROM ${roles}
          WHERE NOT managed_by_auth AND name <> ALL(${textArray(definitions.map(({ name }) => name))})
          RETURNING name`),
      );
      const names = [...changed, ...gone].map(({ name }) => name);
      if (names.length > 0) await raiseAccessEpoch(db);
      return names;
    },
    putServices: (services, kind) => putServices(db, services, kind),
    async putGroups(wanted) {
      await db.run((q) =>
        q.execute(sql`
          INSERT INTO ${groups} (name, properties)
          SELECT name, coalesce(properties, '{}')
          FROM jsonb_to_recordset(${JSON.stringify(wanted.map(withoutNull))}::jsonb) AS w(name text, properties jsonb)
          ORDER BY name COLLATE "C"
          ON CONFLICT (name) DO NOTHING`),
      );
      await db.run((q) =>
        q.execute(sql`
          UPDATE ${groups} SET properties = w.properties
          FROM jsonb_to_recordset(${JSON.stringify(wanted.map(withoutNull))}::jsonb) AS w(name text, properties jsonb)
          WHERE groups.name = w.name AND w.properties IS NOT NULL AND groups.properties <> w.properties`),
      );
      const pairs = wanted.flatMap(({ name, users: members }) => members.map((user) => ({ name, user })));
      const joined = await db.run((q) =>
        q.execute<{ user_id: string }>(sql`
          INSERT INTO ${memberships} (group_id, user_id)
          SELECT g.id, u.id
          FROM jsonb_to_recordset(${JSON.stringify(pairs)}::jsonb) AS w(name text, "user" text)
          JOIN ${groups} g ON g.name = w.name JOIN ${users} u ON u.name = w."user"
          ORDER BY 1, 2 ON CONFLICT DO NOTHING RETURNING user_id`),
      );
      return joined.map((row) => Number(row.user_id));
    },
    async makeAdmins(names) {
      const made = await db.run((q) =>
        q.execute<{ id: string }>(
          sql`UPDATE ${users} SET admin = true WHERE NOT admin AND name = ANY(${textArray(names)}) RETURNING id`,
        ),
      );
      return made.map(({ id }) => Number(id));
    },
    setUserRoles: (holders) => setUserRoles(db, holders),
    setGroupRoles: (holders) => setGroupRoles(db, holders),
    setServiceRoles: (holders) => setServiceRoles(db, holders),
    equaliseAdmins: (exact) => equaliseAdmins(db, exact),
    putBlocked: (names, elsewhere) => putBlocked(db, names, elsewhere),
    stripBlocked: () => stripBlocked(db),
    async removeStrayClients() {
      await db.run((q) =>
        q.execute(sql`
          DELETE FROM ${oauthClients} c
          WHERE c.identifier <> 'jupyterhub' AND c.service_id IS NULL
            AND NOT EXISTS (SELECT FROM ${servers} s WHERE s.id = c.server_id)`),
      );
    },
    async raiseVersions(userIds) {
      if (userIds.length > 0) await raiseAccessVersions(db, sql`id = ANY(${idArray(userIds)})`);
    },
  };
}

/** JSON null would arrive as the value `null`, not as nothing. */
function withoutNull<T extends { readonly name: string; readonly properties: object | null }>(group: T) {
  return group.properties === null
    ? { name: group.name }
    : { name: group.name, properties: group.properties };
}
