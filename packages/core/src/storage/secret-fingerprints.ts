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
