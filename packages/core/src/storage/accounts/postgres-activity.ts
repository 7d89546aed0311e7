import { type SQL, sql } from 'drizzle-orm';
import type { PgTable } from 'drizzle-orm/pg-core';
import type { ActivityMark, ActivityStore, LongestLives } from '../../accounts/ports.ts';
import type { Instant } from '../../plugin/index.ts';
import type { Database } from '../database.ts';
import { toInstant } from '../tables/columns.ts';
import { logins, servers, tokens, users } from '../tables/index.ts';
import { idArray } from './access-versions.ts';
import { nowInline } from './database-time.ts';
import { loginEnd } from './token-lives.ts';

/** Where each kind of mark is kept, in the order in which rows are locked. */
const places: readonly { kind: ActivityMark['kind']; table: PgTable; column: SQL }[] = [
  { kind: 'user', table: users, column: sql`last_activity` },
  { kind: 'server', table: servers, column: sql`last_activity` },
  { kind: 'login', table: logins, column: sql`last_seen` },
  { kind: 'token', table: tokens, column: sql`last_activity` },
];

/** Activity in PostgreSQL. Where logins that nobody uses end, each use puts that end off. */
export function postgresActivity(
  db: Database,
  lives: Pick<LongestLives, 'loginSeconds' | 'idleSeconds'> | null = null,
): ActivityStore {
  const end = lives && loginEnd(sql`t.created`, sql`greatest(t.last_seen, marks.at)`, lives);
  const putOff = lives?.idleSeconds ? sql`, expires_at = ${end}` : sql``;

  return {
    async write(marks) {
      await db.transaction(async () => {
        for (const { kind, table, column } of places) {
          const own = marks.filter((mark) => mark.kind === kind);
          if (own.length === 0) continue;
          const also = kind === 'login' ? putOff : sql``;
          await db.run((q) => q.execute(moveForward(table, column, own, also)));
        }
      });
    },
    async find(user) {
      const rows = await db.run((q) =>
        q.execute<{ id: string; servers: Record<string, number>; now: string }>(sql`
          SELECT u.id, ${nowInline} AS now,
            coalesce((SELECT jsonb_object_agg(s.name, s.id) FROM ${servers} s WHERE s.user_id = u.id), '{}') AS servers
          FROM ${users} u WHERE u.name = ${user}`),
      );
      const [row] = rows;
      if (!row) return null;
      const byName = new Map(Object.entries(row.servers));
      return { userId: Number(row.id), servers: byName, now: toInstant(row.now) };
    },
  };
}

/** Locks the rows in id order first: two hubs that write the same rows in another order would deadlock. */
function moveForward(
  table: PgTable,
  column: SQL,
  marks: readonly { id: number; at: Instant | null }[],
  also: SQL,
): SQL {
  const batch = JSON.stringify(marks.map(({ id, at }) => ({ id, at })));
  // Their ids besides: PostgreSQL takes a batch for a hundred rows, and would rather read the whole table.
  const ids = idArray(marks.map(({ id }) => id));
  return sql`
    WITH marks AS MATERIALIZED (
      SELECT id, max(coalesce(at, clock.now)) AS at
      FROM jsonb_to_recordset(${batch}::jsonb) AS mark(id bigint, at timestamptz),
        (SELECT ${nowInline} AS now OFFSET 0) clock GROUP BY id
    ), locked AS MATERIALIZED (
      SELECT t.id FROM ${table} t WHERE t.id = ANY(${ids}) ORDER BY t.id FOR NO KEY UPDATE
    )
    UPDATE ${table} t SET ${column} = greatest(t.${column}, marks.at)${also}
    FROM marks JOIN locked USING (id) WHERE t.id = marks.id AND t.id = ANY(${ids})`;
}
