import { type SQL, sql } from 'drizzle-orm';
import type {
  Reservation,
  SignInFailures,
  ThrottleKey,
  ThrottleRules,
} from '../../accounts/throttle-ports.ts';
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
          const reserved = await begin(db, keys, rules);
          if (reserved.length < keys.length) throw new NoRoom();
          return reserved;
        })
        .catch((error: unknown) => {
          if (error instanceof NoRoom) return null;
          throw error;
        });
    },

    async failed(reserved, rules) {
      if (reserved.length > 0) await db.transaction(() => count(db, reserved, rules));
    },

    async withdraw(reserved) {
      if (reserved.length > 0) await db.transaction(() => takeBack(db, reserved));
    },

    succeeded: (reserved, { account, place, address }, forgiven) =>
      db.transaction(async () => {
        if (reserved.length > 0) await takeBack(db, reserved);
        if (account !== null) await forget(db, account);
        if (await makeKnown(db, place)) await forgive(db, address, forgiven);
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
                AND NOT EXISTS (SELECT FROM unnest(trying) AS t WHERE t > hub_now())
              LIMIT ${purgeBatch} FOR UPDATE SKIP LOCKED)
            RETURNING 1`),
        );
        purged += rows.length;
        if (rows.length < purgeBatch) return purged;
      }
    },
  };
}

/** A try for each key that has room for one; answers with those. */
async function begin(
  db: Database,
  keys: readonly ThrottleKey[],
  rules: ThrottleRules,
): Promise<readonly Reservation[]> {
  const until = sql`hub_now() + ${seconds(rules.trySeconds)}`;
  const underWay = sql`ARRAY(SELECT t FROM unnest(f.trying) AS t WHERE t > hub_now())`;
  const rows = await db.run((q) =>
    q.execute<{ kind: ThrottleKey['kind']; key: string; until: string }>(sql`
      INSERT INTO ${signInFailures} AS f (kind, key, failures, trying, changed)
      SELECT kind, key, 0, ARRAY[${until}], hub_now() FROM ${rowsOf(keys)} ORDER BY kind, key
      ON CONFLICT (kind, key) DO UPDATE SET trying = ${underWay} || (${until})
        WHERE (f.blocked_until IS NULL OR f.blocked_until <= hub_now())
          AND (cardinality(${underWay}) = 0
            OR ${counting(rules)} + cardinality(${underWay}) < ${triesOf(rules)})
      RETURNING f.kind, f.key, f.trying[cardinality(f.trying)] AS until`),
  );
  return [...rows].map(({ kind, key, until: at }) => ({ kind, key, until: toInstant(at) }));
}

/** Ends tries as failures; those beyond what is free begin a wait. */
async function count(db: Database, reserved: readonly Reservation[], rules: ThrottleRules): Promise<void> {
  // Beyond the last wait the last one counts; before the first there is none, as arrays begin at 1.
  const wait = sql`(SELECT w[least(${counting(rules)} + 1 - ${triesOf(rules)} + 1, cardinality(w))]
    FROM (SELECT ARRAY(SELECT jsonb_array_elements_text(${JSON.stringify(rules.waits)}::jsonb)::double precision) AS w) AS waits)`;
  await db.run((q) =>
    q.execute(sql`
      WITH ${lockedMine(reserved)}
      UPDATE ${signInFailures} AS f
      SET trying = array_remove(f.trying, mine.until), failures = ${counting(rules)} + 1, changed = hub_now(),
        blocked_until = hub_now() + ${wait} * interval '1 second'
      FROM mine WHERE f.kind = mine.kind AND f.key = mine.key`),
  );
}

async function takeBack(db: Database, reserved: readonly Reservation[]): Promise<void> {
  await db.run((q) =>
    q.execute(sql`
      WITH ${lockedMine(reserved)}
      UPDATE ${signInFailures} AS f SET trying = array_remove(f.trying, mine.until)
      FROM mine WHERE f.kind = mine.kind AND f.key = mine.key`),
  );
}

function lockedMine(reserved: readonly Reservation[]): SQL {
  return sql`mine AS (
    SELECT f.kind, f.key, m.until
    FROM jsonb_to_recordset(${JSON.stringify(reserved)}::jsonb) AS m(kind text, key text, until timestamptz)
      JOIN ${signInFailures} f USING (kind, key)
    ORDER BY f.kind, f.key FOR UPDATE OF f)`;
}

/** Failures of the row `f` that are not forgotten yet. */
function counting({ forgetAfter }: ThrottleRules): SQL {
  return sql`(CASE WHEN f.changed < hub_now() - ${seconds(forgetAfter)} THEN 0 ELSE f.failures END)`;
}

/** How many are free for the row `f`. */
function triesOf({ accountTries, addressTries }: ThrottleRules): SQL {
  return sql`(CASE f.kind WHEN 'address' THEN ${addressTries}::bigint ELSE ${accountTries}::bigint END)`;
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

/** Ends the transaction, and what it reserved, without a trace. */
class NoRoom extends Error {}
