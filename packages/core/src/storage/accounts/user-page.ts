import { type SQL, sql } from 'drizzle-orm';
import type { UserQuery } from '../../accounts/ports.ts';
import type { UserDetails, UserRecord, UserServer } from '../../accounts/records.ts';
import type { JsonObject } from '../../plugin/index.ts';
import { toInstant } from '../tables/columns.ts';
import { groups, memberships, roles, servers, userRoles, users } from '../tables/index.ts';
import { reachesUser } from './access-condition.ts';
import { textArray } from './access-versions.ts';
import { isKeptOut } from './kept-out.ts';

/**
 * One page, with groups, roles and servers of its users only. What comes before the page is skipped by ids: an index
 * alone has those. (`LIMIT 1` has each user probed for; PostgreSQL may else read all of them and join.)
 */
export function selectPage(query: UserQuery): SQL {
  const order = orderOf(query.sort);
  return sql`
    SELECT ${columns}, ${details} FROM (
      SELECT u.id FROM ${users} u WHERE ${conditionOf(query)}
      ORDER BY ${order} LIMIT ${query.limit}::bigint OFFSET ${query.offset}::bigint
    ) page CROSS JOIN LATERAL (SELECT * FROM ${users} WHERE id = page.id LIMIT 1) u ORDER BY ${order}`;
}

/** How many users the query means, all pages together. */
export function countUsers(query: UserQuery): SQL {
  return sql`SELECT count(*)::int AS total FROM ${users} u WHERE ${conditionOf(query)}`;
}

/** One user by exact name, with groups, roles and servers. */
export function selectByName(name: string): SQL {
  return sql`SELECT ${columns}, ${details} FROM ${users} u WHERE u.name = ${name}`;
}

/** Users by exact names, as {@link selectByName} reads one. */
export function selectByNames(names: readonly string[]): SQL {
  return sql`SELECT ${columns}, ${details} FROM ${users} u WHERE u.name = ANY(${textArray(names)})`;
}

/** What a condition depends on: two queries with the same text have the same total. */
export function conditionKey({ access, state, nameFilter }: UserQuery): string {
  const reach = access.kind === 'some' ? [[...access.users], [...access.groups]] : access.kind;
  return JSON.stringify([reach, state, nameFilter]);
}

/** A user's own columns. */
export type RecordRow = {
  id: string;
  name: string;
  admin: boolean;
  disabled: boolean;
  user_info: JsonObject | null;
  created: string;
  last_activity: string | null;
};

/** A row of the statements above. */
export type UserRow = RecordRow & { groups: string[]; roles: string[]; servers: UserServer[] };

export function userRecord(row: RecordRow): UserRecord {
  return {
    id: Number(row.id),
    name: row.name,
    admin: row.admin,
    disabled: row.disabled,
    userInfo: row.user_info,
    created: toInstant(row.created),
    lastActivity: row.last_activity === null ? null : toInstant(row.last_activity),
  };
}

export function userDetails(row: UserRow): UserDetails {
  return { ...userRecord(row), ...detailsOf(row) };
}

/** What {@link details} reads. */
export function detailsOf({ groups, roles, servers }: Pick<UserRow, 'groups' | 'roles' | 'servers'>) {
  return { groups, roles, servers: servers.map(withInstants) };
}

const columns = sql`u.id, u.name, u.admin, ${isKeptOut} AS disabled, u.user_info, u.created, u.last_activity`;

/** Groups, roles and servers of a user `u`. */
export const details: SQL = sql`
  ARRAY(SELECT g.name FROM ${memberships} m JOIN ${groups} g ON g.id = m.group_id
    WHERE m.user_id = u.id ORDER BY 1) AS groups,
  ARRAY(SELECT r.name FROM ${userRoles} h JOIN ${roles} r ON r.id = h.role_id
    WHERE h.user_id = u.id ORDER BY 1) AS roles,
  coalesce((SELECT json_agg(json_build_object(
      'id', s.id, 'name', s.name, 'displayName', s.display_name, 'phase', s.phase, 'attempt', s.attempt,
      'requestedAt', s.requested_at, 'readyAt', s.ready_at, 'lastActivity', s.last_activity,
      'created', s.created, 'userOptions', s.user_options, 'state', s.state) ORDER BY s.name)
    FROM ${servers} s WHERE s.user_id = u.id), '[]') AS servers`;

/** R52: ascending begins with those never seen, descending ends with them. */
function orderOf({ by, descending }: UserQuery['sort']): SQL {
  const direction = descending ? sql`DESC NULLS LAST` : sql`ASC NULLS FIRST`;
  if (by === 'id') return sql`u.id ${descending ? sql`DESC` : sql`ASC`}`;
  if (by === 'name') return sql`u.name ${descending ? sql`DESC` : sql`ASC`}`;
  return sql`u.last_activity ${direction}, u.id ${descending ? sql`DESC` : sql`ASC`}`;
}

function conditionOf({ access, state, nameFilter }: UserQuery): SQL {
  const conditions = [sql`true`];
  const reach = reachesUser(access, sql`u.id`, sql`u.name`);
  if (reach) conditions.push(reach);
  if (nameFilter !== '') {
    // R51, our fix: the filter is text, not a pattern.
    const pattern = `%${nameFilter.toLowerCase().replace(/[\\%_]/g, '\\$&')}%`;
    conditions.push(sql`lower(u.name) LIKE ${pattern}`);
  }
  const active = sql`u.id IN (SELECT user_id FROM ${servers} WHERE phase <> 'stopped')`;
  if (state === 'active') conditions.push(active);
  if (state === 'inactive') conditions.push(sql`NOT ${active}`);
  // R55, our fix: asked of the database, so pages are full and the total is right.
  if (state === 'ready') conditions.push(sql`u.id IN (SELECT user_id FROM ${servers} WHERE phase = 'ready')`);
  return sql.join(conditions, sql` AND `);
}

function withInstants(server: UserServer): UserServer {
  const instant = (value: string | null) => (value === null ? null : toInstant(value));
  return {
    ...server,
    requestedAt: instant(server.requestedAt),
    readyAt: instant(server.readyAt),
    lastActivity: instant(server.lastActivity),
    created: toInstant(server.created),
  };
}
