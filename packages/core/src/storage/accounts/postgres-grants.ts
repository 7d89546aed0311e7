import { sql } from 'drizzle-orm';
import type { Grants, RoleGrant, ShareGrant } from '../../access/ports.ts';
import type { Database } from '../database.ts';
import {
  groupRoles,
  groups,
  memberships,
  roles,
  servers,
  serviceRoles,
  services,
  shares,
  userRoles,
  users,
} from '../tables/index.ts';
import { textArray } from './access-versions.ts';

/** Reads what identities hold: one statement each. */
export function postgresGrants(db: Database): Grants {
  return {
    async ofUser(userId) {
      const found = await db.run((q) => q.execute<UserRow>(userGrants(userId)));
      const [row] = found;
      if (!row) return null;
      return { kind: 'user', id: userId, ...row };
    },
    async ofService(serviceId) {
      const found = await db.run((q) => q.execute<ServiceRow>(serviceGrants(serviceId)));
      const [row] = found;
      return row ? { kind: 'service', id: serviceId, ...row } : null;
    },
    async membershipOf(names) {
      const rows = await db.run((q) =>
        q.execute<{ user: string; groups: string[] }>(sql`
          SELECT u.name AS user, array_agg(g.name) AS groups
          FROM ${users} u JOIN ${memberships} m ON m.user_id = u.id JOIN ${groups} g ON g.id = m.group_id
          WHERE u.name = ANY(${textArray(names)}) GROUP BY u.name`),
      );
      const known = new Map(rows.map((row) => [row.user, new Set(row.groups)] as const));
      return { groupsOf: (user) => known.get(user) ?? new Set() };
    },
  };
}

type UserRow = {
  name: string;
  admin: boolean;
  groups: string[];
  roles: RoleGrant[];
  groupRoles: RoleGrant[];
  shares: ShareGrant[];
};
type ServiceRow = { name: string; admin: boolean; roles: RoleGrant[] };

const role = sql`jsonb_build_object('name', r.name, 'scopes', r.scopes)`;

/** The statement behind `ofUser`. */
export function userGrants(userId: string) {
  return sql`
    SELECT u.name, u.admin,
      ARRAY(SELECT g.name FROM ${memberships} m JOIN ${groups} g ON g.id = m.group_id
        WHERE m.user_id = u.id ORDER BY 1) AS groups,
      coalesce((SELECT jsonb_agg(${role}) FROM ${userRoles} h JOIN ${roles} r ON r.id = h.role_id
        WHERE h.user_id = u.id), '[]') AS roles,
      coalesce((SELECT jsonb_agg(${role}) FROM ${memberships} m JOIN ${groupRoles} h ON h.group_id = m.group_id
        JOIN ${roles} r ON r.id = h.role_id WHERE m.user_id = u.id), '[]') AS "groupRoles",
      coalesce((SELECT jsonb_agg(jsonb_build_object(
          'server', jsonb_build_object('owner', o.name, 'name', v.name), 'scopes', s.scopes))
        FROM (
          SELECT server_id, scopes, expires_at FROM ${shares} WHERE user_id = u.id
          UNION ALL
          SELECT server_id, scopes, expires_at FROM ${shares} JOIN ${memberships} m USING (group_id) WHERE m.user_id = u.id
        ) s JOIN ${servers} v ON v.id = s.server_id JOIN ${users} o ON o.id = v.user_id
        WHERE s.expires_at IS NULL OR s.expires_at >= hub_now()), '[]') AS shares
    FROM ${users} u WHERE u.id = ${userId}::bigint`;
}

/** The statement behind `ofService`. */
export function serviceGrants(serviceId: string) {
  return sql`
    SELECT v.name, v.admin,
      coalesce((SELECT jsonb_agg(${role}) FROM ${serviceRoles} h JOIN ${roles} r ON r.id = h.role_id
        WHERE h.service_id = v.id), '[]') AS roles
    FROM ${services} v WHERE v.id = ${serviceId}::bigint`;
}
