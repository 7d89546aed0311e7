import { type SQL, sql } from 'drizzle-orm';
import type {
  Reservation,
  SignInFailures,
  ThrottleKey,
  ThrottleRules,
} from '../../accounts/throttle-ports.ts';
import type { Instant } from '../../plugin/index.ts';
import type { Database } from '../database.ts';
import { toInstant } from '../tables/columns.ts';
import { signInFailures } from '../tables/index.ts';

/** Rows deleted by one statement. */
const purgeBatch = 5_000;
/** A place is deleted so much later than it stops being known: no try that saw it may find it gone. */
const placeGraceSeconds = 3_600;

/** Failed sign-ins in PostgreSQL. Rows are always locked in the order of kind and key. */
export function postgresSignInFailures(db: Database): SignInFailures {
  return {
    async look(keys, { placeSeconds }) {
      const rows = await db.run((q) =>
        q.execute<{ kind: ThrottleKey['kind']; key: string; wait: number }>(sql`
          SELECT f.kind, f.key,
            greatest(0, coalesce(extract(epoch FROM f.blocked_until - hub_now()), 0))::double precision AS wait
          FROM ${rowsOf(keys)} JOIN ${signInFailures} f USING (kind, key)
          WHERE f.kind <> 'place' OR f.changed > hub_now() - ${seconds(placeSeconds)}`),
      );
      return [...rows];
    },

    async reserve(keys, rules) {
      if (keys.length === 0) return [];
      return db
        .transaction(async () => {
          const reserved = await count(db, keys, rules);
          if (reserved.length < keys.length) throw new Waiting();
          return reserved;
        })
        .catch((error: unknown) => {
          if (error instanceof Waiting) return null;
          throw error;
        });
    },

    async withdraw(reserved) {
      if (reserved.length === 0) return;
      await db.transaction(() => takeBack(db, reserved));
    },

    succeed: ({ account, place, address }, forgiven) =>
      db.transaction(async () => {
        if (account !== null) await forget(db, account);
        if (place !== null && (await makeKnown(db, place))) await forgive(db, address, forgiven);
      }),

    async purge({ forgetAfter, placeSeconds }) {
      let purged = 0;
      for (;;) {
        const rows = await db.run((q) =>
          q.execute(sql`
            DELETE FROM ${signInFailures} WHERE (kind, key) IN (
              SELECT kind, key FROM ${signInFailures}
              WHERE changed < hub_now() - ${seconds(forgetAfter)}
                AND (kind <> 'place' OR changed < hub_now() - ${seconds(placeSeconds + placeGraceSeconds)})
                AND (blocked_until IS NULL OR blocked_until < hub_now())
              LIMIT ${purgeBatch} FOR UPDATE SKIP LOCKED)
            RETURNING 1`),
        );
        purged += rows.length;
        if (rows.length < purgeBatch) return purged;
      }
    },
  };
}

/** One failure more for each key that does not have to wait; answers with those. */
async function count(
  db: Database,
  keys: readonly ThrottleKey[],
  { accountTries, addressTries, waits, forgetAfter }: ThrottleRules,
): Promise<readonly Reservation[]> {
  const tries = (kind: SQL): SQL =>
    sql`CASE ${kind} WHEN 'address' THEN ${addressTries}::bigint ELSE ${accountTries}::bigint END`;
  // Beyond the last wait the last one counts; before the first there is none, as arrays begin at 1.
  const until = (
    failures: SQL,
    kind: SQL,
  ): SQL => sql`hub_now() + (SELECT w[least(${failures} - ${tries(kind)} + 1, cardinality(w))]
    FROM (SELECT ARRAY(SELECT jsonb_array_elements_text(${JSON.stringify(waits)}::jsonb)::double precision) AS w) AS waits)
    * interval '1 second'`;
  const failures = sql`(CASE WHEN f.changed < hub_now() - ${seconds(forgetAfter)} THEN 1 ELSE f.failures + 1 END)`;
  const rows = await db.run((q) =>
    q.execute<{ kind: ThrottleKey['kind']; key: string; blocked_until: string | null }>(sql`
      INSERT INTO ${signInFailures} AS f (kind, key, failures, changed, blocked_until)
      SELECT kind, key, 1, hub_now(), ${until(sql`1`, sql`kind`)} FROM ${rowsOf(keys)} ORDER BY kind, key
      ON CONFLICT (kind, key) DO UPDATE
        SET failures = ${failures}, changed = hub_now(), blocked_until = ${until(failures, sql`f.kind`)}
        WHERE f.blocked_until IS NULL OR f.blocked_until <= hub_now()
      RETURNING f.kind, f.key, f.blocked_until`),
  );
  return [...rows].map(({ kind, key, blocked_until: at }) => ({ kind, key, blockedUntil: instantOf(at) }));
}

/** Nobody else can have begun the same wait: while it lasts no try is counted. */
async function takeBack(db: Database, reserved: readonly Reservation[]): Promise<void> {
  const rows = reserved.map(({ kind, key, blockedUntil }) => ({ kind, key, blocked_until: blockedUntil }));
  await db.run((q) =>
    q.execute(sql`
      WITH mine AS (
        SELECT f.kind, f.key, m.blocked_until
        FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) AS m(kind text, key text, blocked_until timestamptz)
          JOIN ${signInFailures} f USING (kind, key)
        ORDER BY f.kind, f.key FOR UPDATE OF f)
      UPDATE ${signInFailures} AS f
      SET failures = greatest(0, f.failures - 1),
        blocked_until = CASE WHEN f.blocked_until = mine.blocked_until THEN NULL ELSE f.blocked_until END
      FROM mine WHERE f.kind = mine.kind AND f.key = mine.key`),
  );
}

async function forget(db: Database, account: string): Promise<void> {
  await db.run((q) =>
    q.execute(sql`DELETE FROM ${signInFailures} WHERE kind = 'account' AND key = ${account}`),
  );
}

/** True when it was not known. */
async function makeKnown(db: Database, place: string): Promise<boolean> {
  const [row] = await db.run((q) =>
    q.execute<{ added: boolean }>(sql`
      INSERT INTO ${signInFailures} AS f (kind, key, failures, changed)
      VALUES ('place', ${place}, 0, hub_now())
      ON CONFLICT (kind, key) DO UPDATE SET failures = 0, changed = hub_now(), blocked_until = NULL
      RETURNING (xmax = 0) AS added`),
  );
  return row?.added ?? false;
}

async function forgive(db: Database, address: string, failures: number): Promise<void> {
  await db.run((q) =>
    q.execute(sql`
      UPDATE ${signInFailures} SET failures = greatest(0, failures - ${failures}::bigint)
      WHERE kind = 'address' AND key = ${address}`),
  );
}

function rowsOf(keys: readonly ThrottleKey[]): SQL {
  return sql`jsonb_to_recordset(${JSON.stringify(keys)}::jsonb) AS k(kind text, key text)`;
}

function seconds(count: number): SQL {
  return sql`${count}::double precision * interval '1 second'`;
}

function instantOf(text: string | null): Instant | null {
  return text === null ? null : toInstant(text);
}

/** Ends the transaction, and what it counted, without a trace. */
class Waiting extends Error {}
