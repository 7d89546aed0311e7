import { type SQL, sql } from 'drizzle-orm';
import type { Recipient, ShareRecord, ShareStore, SharesMeant } from '../../sharing/ports.ts';
import { idArray, raiseAccessVersions } from '../accounts/access-versions.ts';
import type { Database } from '../database.ts';
import { toInstant } from '../tables/columns.ts';
import { groups, memberships, servers, shares, users } from '../tables/index.ts';
import {
  ofServers,
  type ServerColumns,
  serverColumns,
  sharedServer,
  sliceOf,
  totalOf,
} from './share-rows.ts';

type To = Pick<Recipient, 'kind' | 'id'>;

type ShareRow = ServerColumns & {
  id: string;
  scopes: string[];
  created_at: string;
  recipient_kind: 'user' | 'group';
  recipient_id: string;
  recipient: string;
};

/** Shares in PostgreSQL. */
export function postgresShares(db: Database): ShareStore {
  const select = (condition: SQL, more: SQL = sql``) =>
    db.run((q) =>
      q.execute<ShareRow>(sql`
        SELECT s.id, s.scopes, s.created_at, ${serverColumns},
          CASE WHEN u.id IS NULL THEN 'group' ELSE 'user' END AS recipient_kind,
          coalesce(u.id, g.id) AS recipient_id, coalesce(u.name, g.name) AS recipient
        ${joined} WHERE ${valid} AND ${condition} ORDER BY s.id ${more}`),
    );
  const one = async (serverId: number, to: To) => {
    const [row] = await select(sql`s.server_id = ${serverId}::bigint AND ${given(to)}`);
    return row ? share(row) : null;
  };

  return {
    async page(of, slice) {
      const condition = listed(of);
      const rows = await select(condition, sliceOf(slice));
      const count = async () => {
        const [row] = await db.run((q) =>
          q.execute<{ total: number }>(
            sql`SELECT count(*)::int AS total ${joined} WHERE ${valid} AND ${condition}`,
          ),
        );
        return row?.total ?? 0;
      };
      return { items: rows.map(share), total: await totalOf(rows, slice, count) };
    },
    find: one,
    grant: (serverId, to, scopes) =>
      db.transaction(async () => {
        const column = to.kind === 'user' ? sql`user_id` : sql`group_id`;
        await db.run((q) =>
          q.execute(sql`
            INSERT INTO ${shares} (server_id, ${column}, scopes)
            VALUES (${serverId}, ${to.id}, ${JSON.stringify(scopes)}::jsonb)
            ON CONFLICT (server_id, ${column}) DO UPDATE SET expires_at = NULL, scopes = (
              SELECT jsonb_agg(DISTINCT scope ORDER BY scope)
              FROM jsonb_array_elements_text(shares.scopes || excluded.scopes) scope)`),
        );
        await raiseAccessVersions(db, recipients(to));
        const granted = await one(serverId, to);
        if (!granted) throw new Error('a share vanished right after it was granted');
        return granted;
      }),
    revoke: (serverId, to, scopes) =>
      db.transaction(async () => {
        const its = sql`s.server_id = ${serverId}::bigint AND ${given(to)}`;
        if (scopes !== null) {
          await db.run((q) =>
            q.execute(sql`
              UPDATE ${shares} s SET scopes = (
                SELECT coalesce(jsonb_agg(scope ORDER BY scope), '[]')
                FROM jsonb_array_elements_text(s.scopes) scope
                WHERE NOT ${JSON.stringify(scopes)}::jsonb ? scope)
              WHERE ${its}`),
          );
        }
        const empty = scopes === null ? sql`true` : sql`s.scopes = '[]'`;
        await db.run((q) => q.execute(sql`DELETE FROM ${shares} s WHERE ${its} AND ${empty}`));
        await raiseAccessVersions(db, recipients(to));
        return one(serverId, to);
      }),
    revokeAll: (serverId) =>
      db.transaction(async () => {
        const removed = await db.run((q) =>
          q.execute<{ user_id: string | null; group_id: string | null }>(sql`
            DELETE FROM ${shares} WHERE server_id = ${serverId}::bigint RETURNING user_id, group_id`),
        );
        const ids = (key: 'user_id' | 'group_id') =>
          idArray(removed.flatMap((row) => (row[key] === null ? [] : [Number(row[key])])));
        await raiseAccessVersions(
          db,
          sql`id = ANY(${ids('user_id')})
            OR id IN (SELECT user_id FROM ${memberships} WHERE group_id = ANY(${ids('group_id')}))`,
        );
        return removed.length;
      }),
  };
}

const joined = sql`FROM ${shares} s
  JOIN ${servers} v ON v.id = s.server_id JOIN ${users} o ON o.id = v.user_id
  LEFT JOIN ${users} u ON u.id = s.user_id LEFT JOIN ${groups} g ON g.id = s.group_id`;

const valid = sql`(s.expires_at IS NULL OR s.expires_at >= hub_now())`;

function listed(of: SharesMeant): SQL {
  if (of.kind === 'server' || of.kind === 'owner') return ofServers({ kind: of.kind, id: of.id });
  if (of.kind === 'group') return sql`s.group_id = ${of.id}::bigint`;
  return sql`(s.user_id = ${of.id}::bigint OR s.group_id IN (
    SELECT m.group_id FROM ${memberships} m WHERE m.user_id = ${of.id}::bigint))`;
}

function given({ kind, id }: To): SQL {
  return kind === 'user' ? sql`s.user_id = ${id}::bigint` : sql`s.group_id = ${id}::bigint`;
}

/** Users whose rights a share changes. */
function recipients({ kind, id }: To): SQL {
  if (kind === 'user') return sql`id = ${id}::bigint`;
  return sql`id IN (SELECT user_id FROM ${memberships} WHERE group_id = ${id}::bigint)`;
}

function share(row: ShareRow): ShareRecord {
  return {
    id: Number(row.id),
    server: sharedServer(row),
    scopes: row.scopes,
    recipient: { kind: row.recipient_kind, id: Number(row.recipient_id), name: row.recipient },
    createdAt: toInstant(row.created_at),
  };
}
