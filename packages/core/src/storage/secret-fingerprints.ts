import type postgres from 'postgres';
import { HubError } from '../plugin/index.ts';

/** One secret that all hubs on a database must have in common. */
export interface SecretFingerprint {
  /** Row of `settings`. */
  readonly key: string;
  /** What people call it. */
  readonly what: string;
  /** The setting, variable or file this hub has it from. */
  readonly from: string;
  readonly fingerprint: string;
}

/**
 * Compares with what other hubs left, inside the transaction that registers a hub. While another one lives a
 * different secret is refused; the only hub may bring a new one. Returns what was replaced.
 *
 * @throws HubError `HUB_START_FAILED` that names where the secret came from.
 */
export async function agreeOnSecrets(
  tx: postgres.TransactionSql,
  mine: readonly SecretFingerprint[],
  live: readonly { readonly host: string }[],
): Promise<readonly string[]> {
  const replaced: string[] = [];
  for (const { key, what, from, fingerprint } of mine) {
    const [known] = await tx<{ value: unknown }[]>`SELECT value FROM settings WHERE key = ${key}`;
    if (known?.value === fingerprint) continue;
    const [other] = live;
    if (known && other) {
      throw new HubError(
        'HUB_START_FAILED',
        `The ${what} of this hub, from ${from}, is not the one the hub "${other.host}" on the same database uses.`,
        { hint: `Give ${from} the same value on all hubs. To change it, stop all of them first.` },
      );
    }
    if (known) replaced.push(what);
    await tx`INSERT INTO settings (key, value) VALUES (${key}, to_jsonb(${fingerprint}::text))
      ON CONFLICT (key) DO UPDATE SET value = excluded.value`;
  }
  return replaced;
}

/** The encryption keys of a hub, of which hubs on one database need one in common. */
export interface KeyFingerprints {
  /** The setting, variable or file this hub has them from, or could have. */
  readonly from: string;
  /** The key that encrypts comes first. */
  readonly fingerprints: readonly string[];
}

const lastKeys = 'fingerprints_of_crypt_keys';

/**
 * Compares keys with those of other hubs, inside the transaction that registers a hub. A hub without keys may
 * get company that brings the first ones, and not the other way round. Returns whether none of the keys that were
 * used here last is among them.
 *
 * @throws HubError `HUB_START_FAILED` that names where the keys came from.
 */
export async function agreeOnKeys(
  tx: postgres.TransactionSql,
  { from, fingerprints }: KeyFingerprints,
  live: readonly { readonly host: string; readonly cryptKeys: readonly string[] }[],
): Promise<boolean> {
  const mine = new Set(fingerprints);
  const share = (keys: readonly string[]) => keys.length === 0 || keys.some((key) => mine.has(key));
  const other = live.find(({ cryptKeys }) => !share(cryptKeys));
  if (other) {
    throw new HubError(
      'HUB_START_FAILED',
      mine.size === 0
        ? `This hub has no encryption key, and the hub "${other.host}" on the same database has one.`
        : `This hub, with encryption keys from ${from}, has none in common with the hub "${other.host}" on the same database.`,
      { hint: `Give ${from} a key that hub has too: the first encrypts, all decrypt.` },
    );
  }
  const [known] = await tx<
    { value: readonly string[] }[]
  >`SELECT value FROM settings WHERE key = ${lastKeys}`;
  if (mine.size > 0) {
    await tx`INSERT INTO settings (key, value) VALUES (${lastKeys}, ${tx.json(fingerprints)})
      ON CONFLICT (key) DO UPDATE SET value = excluded.value`;
  }
  return !share(known?.value ?? []);
}
