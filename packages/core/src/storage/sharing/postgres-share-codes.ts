import { type SQL, sql } from 'drizzle-orm';
import type { ShareCodeRecord, ShareCodeStore } from '../../sharing/ports.ts';
import type { Database } from '../database.ts';
import { toInstant } from '../tables/columns.ts';
import { servers, shareCodes, users } from '../tables/index.ts';
import {
  ofServers,
  type ServerColumns,
  serverColumns,
  sharedServer,
  sliceOf,
  totalOf,
} from './share-rows.ts';

type CodeRow = ServerColumns & {
  id: string;
  scopes: string[];
  created_at: string;
  expires_at: string;
  exchange_count: number;
  last_exchanged_at: string | null;
};

/** Codes for shares in PostgreSQL. */
export function postgresShareCodes(db: Database): ShareCodeStore {
  const select = (condition: SQL, more: SQL = sql``) =>
    db.run((q) =>
      q.execute<CodeRow>(sql`
        SELECT c.id, c.scopes, c.created_at, c.expires_at, c.exchange_count, c.last_exchanged_at, ${serverColumns}
        ${joined} WHERE ${valid} AND ${condition} ORDER BY c.id ${more}`),
    );
  const one = async (condition: SQL) => {
    const [row] = await select(condition);
    return row ? code(row) : null;
  };

  return {
    async page(of, slice) {
      const condition = ofServers(of);
      const rows = await select(condition, sliceOf(slice));
      const count = async () => {
        const [row] = await db.run((q) =>
          q.execute<{ total: number }>(
            sql`SELECT count(*)::int AS total ${joined} WHERE ${valid} AND ${condition}`,
          ),
        );
        return row?.total ?? 0;
      };
      return { items: rows.map(code), total: await totalOf(rows, slice, count) };
    },
    async add({ serverId, hash, scopes, expiresIn }) {
      await db.run((q) =>
        q.execute(sql`
          INSERT INTO ${shareCodes} (server_id, hash, scopes, expires_at)
          VALUES (${serverId}, ${hash}, ${JSON.stringify(scopes)}::jsonb,
            hub_now() + ${expiresIn}::double precision * interval '1 second')`),
      );
      const added = await one(sql`c.hash = ${hash}`);
      if (!added) throw new Error('a share code vanished right after it was made');
      return added;
    },
    find: (hash) => one(sql`c.hash = ${hash}`),
    async use(hash) {
      const used = await db.run((q) =>
        q.execute(sql`
          UPDATE ${shareCodes} c SET exchange_count = exchange_count + 1, last_exchanged_at = hub_now()
          WHERE c.hash = ${hash} AND ${valid} RETURNING id`),
      );
      return used.length === 0 ? null : one(sql`c.hash = ${hash}`);
    },
    async remove(serverId, which) {
      const meant =
        which === 'all'
          ? sql`true`
          : 'hash' in which
            ? sql`hash = ${which.hash}`
            : sql`id = ${which.id}::bigint`;
      const removed = await db.run((q) =>
        q.execute(
          sql`DELETE FROM ${shareCodes} WHERE server_id = ${serverId}::bigint AND ${meant} RETURNING id`,
        ),
      );
      return removed.length;
    },
  };
}

const joined = sql`FROM ${shareCodes} c
  JOIN ${servers} v ON v.id = c.server_id JOIN ${users} o ON o.id = v.user_id`;

const valid = sql`c.expires_at >= hub_now()`;

function code(row: CodeRow): ShareCodeRecord {
  return {
    id: Number(row.id),
    server: sharedServer(row),
    scopes: row.scopes,
    createdAt: toInstant(row.created_at),
    expiresAt: toInstant(row.expires_at),
    exchangeCount: row.exchange_count,
    lastExchangedAt: row.last_exchanged_at === null ? null : toInstant(row.last_exchanged_at),
  };
}
