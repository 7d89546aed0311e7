import { type SQL, sql } from 'drizzle-orm';
import type { RoleHolders } from '../../accounts/setup-ports.ts';
import type { Database } from '../database.ts';
import { groupRoles, groups, roles, serviceRoles, services, userRoles, users } from '../tables/index.ts';
import { idArray, raiseAccessEpoch, textArray } from './access-versions.ts';

/** Users who are to hold roles (R152). Ids of those whose roles changed. */
export async function setUserRoles(db: Database, { wanted, exact }: RoleHolders): Promise<readonly number[]> {
  const lost = await ids(
    db,
    sql`DELETE FROM ${userRoles} h USING ${roles} r
      WHERE r.id = h.role_id AND r.name = ANY(${textArray(exact)}) AND NOT h.managed_by_auth
        AND NOT EXISTS (SELECT FROM ${recordset(wanted)} JOIN ${users} u ON u.name = w.name
          WHERE w.role = r.name AND u.id = h.user_id)
      RETURNING h.user_id AS id`,
  );
  const won = await ids(
    db,
    sql`INSERT INTO ${userRoles} (user_id, role_id)
      SELECT u.id, r.id FROM ${recordset(wanted)} JOIN ${users} u ON u.name = w.name JOIN ${roles} r ON r.name = w.role
      ORDER BY 1, 2 ON CONFLICT DO NOTHING RETURNING user_id AS id`,
  );
  return [...lost, ...won];
}

/** Groups that are to hold roles. Everybody's scopes are worked out anew when that changed. */
export async function setGroupRoles(db: Database, { wanted, exact }: RoleHolders): Promise<void> {
  await db.run((q) =>
    q.execute(sql`INSERT INTO ${groups} (name) SELECT DISTINCT w.name COLLATE "C" FROM ${recordset(wanted)}
      ORDER BY 1 ON CONFLICT (name) DO NOTHING`),
  );
  const lost = await ids(
    db,
    sql`DELETE FROM ${groupRoles} h USING ${roles} r
      WHERE r.id = h.role_id AND r.name = ANY(${textArray(exact)}) AND NOT h.managed_by_auth
        AND NOT EXISTS (SELECT FROM ${recordset(wanted)} JOIN ${groups} g ON g.name = w.name
          WHERE w.role = r.name AND g.id = h.group_id)
      RETURNING h.group_id AS id`,
  );
  const won = await ids(
    db,
    sql`INSERT INTO ${groupRoles} (group_id, role_id)
      SELECT g.id, r.id FROM ${recordset(wanted)} JOIN ${groups} g ON g.name = w.name JOIN ${roles} r ON r.name = w.role
      ON CONFLICT DO NOTHING RETURNING group_id AS id`,
  );
  if (lost.length + won.length > 0) await raiseAccessEpoch(db);
}

/** Services that are to hold roles; those of the configuration hold no others. Answers names of unknown ones. */
export async function setServiceRoles(
  db: Database,
  { wanted, exact }: RoleHolders,
): Promise<readonly string[]> {
  const unknown = await db.run((q) =>
    q.execute<{ name: string }>(sql`SELECT DISTINCT w.name FROM ${recordset(wanted)}
      WHERE NOT EXISTS (SELECT FROM ${services} s WHERE s.name = w.name) ORDER BY 1`),
  );
  const lost = await ids(
    db,
    sql`DELETE FROM ${serviceRoles} h USING ${roles} r, ${services} s
      WHERE r.id = h.role_id AND s.id = h.service_id AND NOT h.managed_by_auth AND (s.from_config OR r.name = ANY(${textArray(exact)}))
        AND NOT EXISTS (SELECT FROM ${recordset(wanted)} WHERE w.role = r.name AND w.name = s.name)
      RETURNING h.service_id AS id`,
  );
  const won = await ids(
    db,
    sql`INSERT INTO ${serviceRoles} (service_id, role_id)
      SELECT s.id, r.id FROM ${recordset(wanted)} JOIN ${services} s ON s.name = w.name JOIN ${roles} r ON r.name = w.role
      ON CONFLICT DO NOTHING RETURNING service_id AS id`,
  );
  await raiseServiceVersions(db, [...lost, ...won]);
  return unknown.map(({ name }) => name);
}

/** The role decides about the flag; where it is not exact, the flag has given the role before (R154). */
export async function equaliseAdmins(
  db: Database,
  exact: { readonly users: boolean; readonly services: boolean },
): Promise<readonly number[]> {
  const admin = sql`(SELECT id FROM ${roles} WHERE name = 'admin')`;
  const won = exact.users
    ? []
    : await ids(
        db,
        sql`INSERT INTO ${userRoles} (user_id, role_id) SELECT id, ${admin} FROM ${users} WHERE users.admin
          ORDER BY 1 ON CONFLICT DO NOTHING RETURNING user_id AS id`,
      );
  const changed = await ids(
    db,
    sql`UPDATE ${users} SET admin = NOT admin
      WHERE admin <> (id IN (SELECT user_id FROM ${userRoles} WHERE role_id = ${admin})) RETURNING id`,
  );
  const servicesWon = exact.services
    ? []
    : await ids(
        db,
        sql`INSERT INTO ${serviceRoles} (service_id, role_id)
          SELECT id, ${admin} FROM ${services} WHERE services.admin AND NOT from_config
          ON CONFLICT DO NOTHING RETURNING service_id AS id`,
      );
  const servicesChanged = await ids(
    db,
    sql`UPDATE ${services} SET admin = NOT admin
      WHERE admin <> (id IN (SELECT service_id FROM ${serviceRoles} WHERE role_id = ${admin})) RETURNING id`,
  );
  await raiseServiceVersions(db, [...servicesWon, ...servicesChanged]);
  return [...won, ...changed];
}

async function raiseServiceVersions(db: Database, which: readonly number[]): Promise<void> {
  if (which.length === 0) return;
  await db.run((q) =>
    q.execute(
      sql`UPDATE ${services} SET access_version = access_version + 1 WHERE id = ANY(${idArray(which)})`,
    ),
  );
}

function recordset(wanted: RoleHolders['wanted']): SQL {
  return sql`jsonb_to_recordset(${JSON.stringify(wanted)}::jsonb) AS w(role text, name text)`;
}

async function ids(db: Database, statement: SQL): Promise<readonly number[]> {
  const rows = await db.run((q) => q.execute<{ id: string }>(statement));
  return rows.map(({ id }) => Number(id));
}
