import { type SQL, sql } from 'drizzle-orm';
import type { ServersMeant, SharedServer, Slice } from '../../sharing/ports.ts';

/** Columns of the server `v` and its owner `o`. */
export const serverColumns = sql`v.id AS server_id, v.name AS server, v.phase = 'ready' AS ready,
  o.id AS owner_id, o.name AS owner`;

/** What {@link serverColumns} bring. */
export type ServerColumns = {
  server_id: string;
  server: string;
  ready: boolean;
  owner_id: string;
  owner: string;
};

export function sharedServer(row: ServerColumns): SharedServer {
  const { server: name, ready, owner } = row;
  return { id: Number(row.server_id), ownerId: Number(row.owner_id), owner, name, ready };
}

/** Rows of one server, or of all servers of an owner. */
export function ofServers({ kind, id }: ServersMeant): SQL {
  return kind === 'server' ? sql`v.id = ${id}::bigint` : sql`v.user_id = ${id}::bigint`;
}

export function sliceOf({ offset, limit }: Slice): SQL {
  return sql`LIMIT ${limit}::bigint OFFSET ${offset}::bigint`;
}

/** How long the whole list is; asked for only when the page does not tell by itself. */
export async function totalOf(
  rows: readonly unknown[],
  { offset, limit }: Slice,
  count: () => Promise<number>,
): Promise<number> {
  const tells = rows.length < limit && (rows.length > 0 || offset === 0);
  return tells ? offset + rows.length : count();
}
