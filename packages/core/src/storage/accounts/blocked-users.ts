import { type SQL, sql } from 'drizzle-orm';
import type { BlockedElsewhere } from '../../accounts/access-rules.ts';
import type { Database } from '../database.ts';
import { identities, logins, memberships, oauthCodes, tokens, userRoles, users } from '../tables/index.ts';
import { idArray, textArray } from './access-versions.ts';

/** Makes the users whom the configuration keeps out exactly these; users before logins, logins before tokens. */
export async function putBlocked(
  db: Database,
  names: readonly string[],
  elsewhere: readonly BlockedElsewhere[],
): Promise<readonly number[]> {
  const wanted = sql`u.id IN (SELECT id FROM ${users} WHERE name = ANY(${textArray(names)})
    UNION ALL ${withoutOtherWay(elsewhere)})`;
  const released = await idsOf(
    db,
    sql`UPDATE ${users} u SET blocked = false WHERE (u.disabled OR u.blocked) AND u.blocked AND NOT (${wanted})
      RETURNING u.id`,
  );
  const caught = await idsOf(
    db,
    sql`UPDATE ${users} u SET blocked = true WHERE NOT u.blocked AND (${wanted}) RETURNING u.id`,
  );
  if (caught.length > 0) await endLogins(db, sql`user_id = ANY(${idArray(caught)})`);
  const by = sql`(user_id, authenticator) IN (SELECT u.id, e.authenticator FROM ${listed(elsewhere)} JOIN ${users} u USING (name))`;
  if (elsewhere.length > 0) await endLogins(db, by);
  return [...released, ...caught];
}

/** Takes admin flag, roles and groups from all whom the configuration keeps out. */
export async function stripBlocked(db: Database): Promise<readonly number[]> {
  const blocked = sql`SELECT id FROM ${users} WHERE (disabled OR blocked) AND blocked`;
  const lost = [
    sql`UPDATE ${users} SET admin = false WHERE admin AND id IN (${blocked}) RETURNING id`,
    sql`DELETE FROM ${userRoles} WHERE user_id IN (${blocked}) RETURNING user_id AS id`,
    sql`DELETE FROM ${memberships} WHERE user_id IN (${blocked}) RETURNING user_id AS id`,
  ];
  const ids: number[] = [];
  for (const statement of lost) ids.push(...(await idsOf(db, statement)));
  return ids;
}

/** Users of these names who have an identity there and none at another authenticator. */
function withoutOtherWay(elsewhere: readonly BlockedElsewhere[]): SQL {
  return sql`SELECT o.id FROM ${listed(elsewhere)} JOIN ${users} o USING (name)
    WHERE EXISTS (SELECT FROM ${identities} i WHERE i.user_id = o.id AND i.authenticator = e.authenticator)
      AND NOT EXISTS (SELECT FROM ${identities} i WHERE i.user_id = o.id AND i.authenticator <> e.authenticator)`;
}

function listed(elsewhere: readonly BlockedElsewhere[]): SQL {
  return sql`jsonb_to_recordset(${JSON.stringify(elsewhere)}::jsonb) AS e(authenticator text, name text)`;
}

/** Logins, and the codes and tokens that came of them. */
async function endLogins(db: Database, which: SQL): Promise<void> {
  const gone = await db.run((q) =>
    q.execute<{ id: string; user_id: string; session_id: string | null }>(
      sql`DELETE FROM ${logins} WHERE ${which} RETURNING id, user_id, session_id`,
    ),
  );
  if (gone.length === 0) return;
  const ended = sql`jsonb_to_recordset(${JSON.stringify(gone)}::jsonb) AS g(id bigint, user_id bigint, session_id text)`;
  for (const table of [oauthCodes, tokens]) {
    await db.run((q) =>
      q.execute(sql`DELETE FROM ${table} t USING ${ended}
        WHERE t.user_id = g.user_id AND (t.login_id = g.id OR t.session_id = g.session_id)`),
    );
  }
}

async function idsOf(db: Database, statement: SQL): Promise<readonly number[]> {
  const rows = await db.run((q) => q.execute<{ id: string }>(statement));
  return rows.map(({ id }) => Number(id));
}
