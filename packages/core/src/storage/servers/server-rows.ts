import { eq, sql } from 'drizzle-orm';
import { databaseNow } from '../../kernel/index.ts';
import type { ServerChange } from '../../servers/ports.ts';
import type { ServerRecord } from '../../servers/server.ts';
import { idArray } from '../accounts/access-versions.ts';
import type { Queryable } from '../database.ts';
import { servers, users } from '../tables/index.ts';

/** The columns of a {@link ServerRecord}. */
export const serverColumns = {
  id: servers.id,
  userId: servers.userId,
  userName: users.name,
  name: servers.name,
  displayName: servers.displayName,
  phase: servers.phase,
  attempt: servers.attempt,
  fence: servers.fence,
  owner: servers.owner,
  spawner: servers.spawner,
  host: servers.host,
  userOptions: servers.userOptions,
  state: servers.state,
  target: servers.target,
  tokenId: servers.tokenId,
  oauthClientId: servers.oauthClientId,
  queueClass: servers.queueClass,
  requestedAt: servers.requestedAt,
  queuedAt: servers.queuedAt,
  startingAt: servers.startingAt,
  readyAt: servers.readyAt,
  stoppingAt: servers.stoppingAt,
  takeOvers: servers.takeOvers,
  failure: servers.failure,
  removeWhenStopped: servers.removeWhenStopped,
  stopTries: servers.stopTries,
  peerVersion: servers.peerVersion,
  lastActivity: servers.lastActivity,
  created: servers.created,
};

/** `SELECT` of servers with their owners' names, ready for a condition. */
export function selectServers(q: Queryable) {
  return q.select(serverColumns).from(servers).innerJoin(users, eq(users.id, servers.userId));
}

/** However many ids, one parameter: the statement's text does not vary, so that it is prepared once. */
export function isAmong(column: typeof servers.id | typeof users.id, ids: readonly number[]) {
  return sql`${column} = ANY(${idArray(ids)})`;
}

/** The rows of an UPDATE … FROM users … RETURNING. */
export const returningServer = serverColumns;

/** A change of the domain → what drizzle writes. */
export function assignments(change: ServerChange): Record<string, unknown> {
  const { retryIn, ...columns } = change;
  const set: Record<string, unknown> = {};
  for (const [column, value] of Object.entries(columns)) {
    if (value !== undefined) set[column] = value === databaseNow ? sql`hub_now()` : value;
  }
  if (retryIn !== undefined) {
    set.retryAt = retryIn === null ? null : sql`hub_now() + ${retryIn} * interval '1 second'`;
  }
  return set;
}

/** What drizzle returns for {@link serverColumns} is a record already; the name says so where it matters. */
export type ServerRow = ServerRecord;
