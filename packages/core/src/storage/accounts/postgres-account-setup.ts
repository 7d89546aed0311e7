import { sql } from 'drizzle-orm';
import type { AccountSetup } from '../../accounts/ports.ts';
import type { Database } from '../database.ts';
import { locks } from '../locks.ts';
import { memberships, roles, serviceRoles, services, userRoles, users } from '../tables/index.ts';
import { raiseAccessEpoch, raiseAccessVersions, textArray } from './access-versions.ts';

/** Applies the configuration with statements over sets: the time does not grow with the number of users. */
export function postgresAccountSetup(db: Database): AccountSetup {
  const adminRole = sql`(SELECT id FROM ${roles} WHERE name = 'admin')`;

  return {
    async lock() {
      await db.run((q) => q.execute(sql`SELECT pg_advisory_xact_lock(${locks.configuration})`));
    },
    async putRoles(definitions) {
      const changed = await db.run((q) =>
        q.execute<{ name: string }>(sql`
          INSERT INTO ${roles} (name, description, scopes)
          SELECT name, description, scopes
          FROM jsonb_to_recordset(${JSON.stringify(definitions)}::jsonb) AS d(name text, description text, scopes jsonb)
          ON CONFLICT (name) DO UPDATE SET description = excluded.description, scopes = excluded.scopes
          WHERE (roles.description, roles.scopes) IS DISTINCT FROM (excluded.description, excluded.scopes)
          RETURNING name`),
      );
      if (changed.length > 0) await raiseAccessEpoch(db);
      return changed.map(({ name }) => name);
    },
    async makeAdmins(names) {
      await raiseAccessVersions(db, sql`NOT admin AND name = ANY(${textArray(names)})`);
      await db.run((q) =>
        q.execute(sql`UPDATE ${users} SET admin = true WHERE NOT admin AND name = ANY(${textArray(names)})`),
      );
    },
    async giveUserRole(names) {
      const given = await db.run((q) =>
        q.execute<{ user_id: string }>(sql`
          INSERT INTO ${userRoles} (user_id, role_id)
          SELECT u.id, r.id FROM ${users} u CROSS JOIN ${roles} r
          WHERE u.name = ANY(${textArray(names)}) AND r.name = 'user'
          ON CONFLICT DO NOTHING RETURNING user_id`),
      );
      if (given.length > 0) await raiseAccessVersions(db, sql`name = ANY(${textArray(names)})`);
    },
    async stripRights(names) {
      const blocked = sql`SELECT id FROM ${users} WHERE name = ANY(${textArray(names)})`;
      await raiseAccessVersions(db, sql`name = ANY(${textArray(names)})`);
      await db.run((q) => q.execute(sql`UPDATE ${users} SET admin = false WHERE id IN (${blocked})`));
      await db.run((q) => q.execute(sql`DELETE FROM ${userRoles} WHERE user_id IN (${blocked})`));
      await db.run((q) => q.execute(sql`DELETE FROM ${memberships} WHERE user_id IN (${blocked})`));
    },
    async equaliseAdmins() {
      const holders = sql`SELECT user_id FROM ${userRoles} WHERE role_id = ${adminRole}`;
      const differ = sql`admin <> (id IN (${holders}))`;
      await raiseAccessVersions(db, differ);
      await db.run((q) =>
        q.execute(sql`UPDATE ${users} SET admin = true WHERE NOT admin AND id IN (${holders})`),
      );
      await db.run((q) =>
        q.execute(sql`INSERT INTO ${userRoles} (user_id, role_id)
          SELECT u.id, r.id FROM ${users} u JOIN ${roles} r ON r.name = 'admin' WHERE u.admin ON CONFLICT DO NOTHING`),
      );
      const serviceHolders = sql`SELECT service_id FROM ${serviceRoles} WHERE role_id = ${adminRole}`;
      await db.run((q) =>
        q.execute(sql`UPDATE ${services} SET admin = true, access_version = access_version + 1
          WHERE admin <> (id IN (${serviceHolders}))`),
      );
      await db.run((q) =>
        q.execute(sql`INSERT INTO ${serviceRoles} (service_id, role_id)
          SELECT s.id, r.id FROM ${services} s JOIN ${roles} r ON r.name = 'admin' WHERE s.admin ON CONFLICT DO NOTHING`),
      );
    },
  };
}
