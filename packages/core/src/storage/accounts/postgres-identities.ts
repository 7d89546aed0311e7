import { type SQL, sql } from 'drizzle-orm';
import type {
  IdentityAge,
  IdentityRef,
  IdentityStore,
  RefreshClaim,
  StatePlace,
  StoredState,
} from '../../accounts/identity-ports.ts';
import type { Database } from '../database.ts';
import { toInstant } from '../tables/columns.ts';
import { identities, users } from '../tables/index.ts';
import { now, secondsFromNow } from './database-time.ts';

type StateRow = { authenticator: string | null; subject: string | null; sealed: string | null };
type AgeRow = { authenticator: string; subject: string; refreshed_at: string; age: number };
type ClaimRow = { claimed_at: string; sealed: string | null };

/** What authenticators told of users, in PostgreSQL. */
export function postgresIdentities(db: Database): IdentityStore {
  return {
    async stateOfUser(userId, authenticator) {
      const rows = await db.run((q) => q.execute<StateRow>(selectState(userId, authenticator)));
      return stored(userId, rows[0]);
    },
    async stateOf(userId, identity) {
      const rows = await db.run((q) =>
        q.execute<StateRow>(sql`SELECT authenticator, subject, sealed_auth_state AS sealed
          FROM ${identities} WHERE ${is(identity)} AND user_id = ${userId}`),
      );
      return stored(userId, rows[0]);
    },
    async setState(place, sealed) {
      await db.run((q) => q.execute(sql`${updateState(place, sealed)}`));
    },
    async replaceState(place, from, to) {
      await db.run((q) => q.execute(sql`${updateState(place, to)} AND sealed_auth_state = ${from}`));
    },
    async signedIn(userId, identity, sealed) {
      await db.run((q) =>
        q.execute(sql`UPDATE ${identities}
          SET sealed_auth_state = ${sealed}, signed_in_at = ${now}, refreshed_at = ${now}, refreshing_since = NULL
          WHERE ${is(identity)} AND user_id = ${userId}`),
      );
      await db.run((q) =>
        q.execute(sql`UPDATE ${users} SET sealed_auth_state = NULL
          WHERE id = ${userId} AND sealed_auth_state IS NOT NULL`),
      );
    },
    async latestOf(userId) {
      const rows = await db.run((q) =>
        q.execute<AgeRow>(sql`SELECT ${ageColumns} FROM ${identities} i
          WHERE user_id = ${userId} AND signed_in_at IS NOT NULL AND refreshed_at IS NOT NULL ${latestFirst}`),
      );
      return aged(rows[0]);
    },
    async age(userId, identity) {
      const rows = await db.run((q) =>
        q.execute<AgeRow>(
          sql`SELECT ${ageColumns} FROM ${identities} i
            WHERE ${is(identity)} AND user_id = ${userId} AND refreshed_at IS NOT NULL`,
        ),
      );
      return aged(rows[0]);
    },
    async claimRefresh(userId, identity, seconds, seen) {
      const unchanged = seen
        ? sql`refreshed_at = ${seen.refreshedAt}::timestamptz`
        : sql`refreshed_at IS NOT NULL`;
      const [row] = await db.run((q) =>
        q.execute<ClaimRow>(sql`UPDATE ${identities} SET refreshing_since = ${now}
          WHERE ${is(identity)} AND user_id = ${userId} AND ${unchanged}
            AND (refreshing_since IS NULL OR refreshing_since < ${secondsFromNow(-seconds)})
          RETURNING refreshing_since AS claimed_at, sealed_auth_state AS sealed`),
      );
      return row ? { identity, claimedAt: toInstant(row.claimed_at), sealed: row.sealed } : null;
    },
    async refreshed(claim, sealed) {
      const rows = await db.run((q) =>
        q.execute(sql`UPDATE ${identities} SET refreshed_at = ${now}, refreshing_since = NULL
            ${sealed === undefined ? sql`` : sql`, sealed_auth_state = ${sealed}`}
          WHERE ${isClaimed(claim)} RETURNING user_id`),
      );
      return rows.length > 0;
    },
    async abandonRefresh(claim) {
      await db.run((q) =>
        q.execute(sql`UPDATE ${identities} SET refreshing_since = NULL WHERE ${isClaimed(claim)}`),
      );
    },
  };
}

const latestFirst = sql.raw('ORDER BY signed_in_at DESC, authenticator, subject LIMIT 1');
const ageColumns = sql`authenticator, subject, refreshed_at,
  extract(epoch FROM ${now} - refreshed_at)::float8 AS age`;

/** The user's own column counts only where there is no identity at all. */
function selectState(userId: number, authenticator: string | undefined): SQL {
  const ofOne = authenticator === undefined ? sql`` : sql`AND i.authenticator = ${authenticator}`;
  return sql`
    SELECT l.authenticator, l.subject,
      CASE WHEN l.subject IS NULL THEN u.sealed_auth_state ELSE l.sealed END AS sealed
    FROM ${users} u LEFT JOIN LATERAL (
      SELECT i.authenticator, i.subject, i.sealed_auth_state AS sealed FROM ${identities} i
      WHERE i.user_id = u.id AND i.signed_in_at IS NOT NULL ${ofOne} ${latestFirst}
    ) l ON true
    WHERE u.id = ${userId} AND (l.subject IS NOT NULL OR NOT EXISTS (
      SELECT FROM ${identities} o WHERE o.user_id = u.id AND o.signed_in_at IS NOT NULL))`;
}

function updateState({ userId, identity }: StatePlace, sealed: string | null): SQL {
  return identity
    ? sql`UPDATE ${identities} SET sealed_auth_state = ${sealed} WHERE ${is(identity)} AND user_id = ${userId}`
    : sql`UPDATE ${users} SET sealed_auth_state = ${sealed} WHERE id = ${userId}`;
}

function is({ authenticator, subject }: IdentityRef): SQL {
  return sql`authenticator = ${authenticator} AND subject = ${subject}`;
}

function isClaimed({ identity, claimedAt }: RefreshClaim): SQL {
  return sql`${is(identity)} AND refreshing_since = ${claimedAt}::timestamptz`;
}

function stored(userId: number, row: StateRow | undefined): StoredState | null {
  if (!row) return null;
  const { authenticator, subject, sealed } = row;
  const identity = authenticator !== null && subject !== null ? { authenticator, subject } : null;
  return { userId, identity, sealed };
}

function aged(row: AgeRow | undefined): IdentityAge | null {
  if (!row) return null;
  const { authenticator, subject, age } = row;
  return { authenticator, subject, refreshedAt: toInstant(row.refreshed_at), age };
}
