import type { Sealer } from '../kernel/index.ts';
import { token } from '../plugin/index.ts';

/** Something encrypted, and where it stands. */
export interface SealedRow {
  /** Of this column alone; rows come in its order. */
  readonly key: string;
  readonly sealed: string;
}

/** A column with encrypted texts. */
export interface SealedColumn {
  /** `table.column`. */
  readonly name: string;
  /** Those after `key`, at most `limit`. */
  after(key: string | null, limit: number): Promise<readonly SealedRow[]>;
  /** Replaces texts that are still as they were read; answers with how many. */
  replace(rows: readonly (SealedRow & { readonly by: string })[]): Promise<number>;
}

/** All that is kept encrypted. */
export interface SealedStore {
  readonly columns: readonly SealedColumn[];
}
export const SealedStore = token<SealedStore>('SealedStore');

/** What {@link rekey} found and did. */
export interface Rekeyed {
  /** Encrypted anew with the first key. */
  readonly rewritten: number;
  /** Were so already. */
  readonly current: number;
  /** No key opens them; left as they are. */
  readonly unopened: number;
}

const batchSize = 200;

/**
 * Encrypts with the first key all that another key opens, a batch at a time. Hubs may run meanwhile: what changes
 * under its hands is left to whoever changed it. What no key opens is counted and not touched (P132).
 */
export async function rekey(store: SealedStore, sealer: Sealer, signal: AbortSignal): Promise<Rekeyed> {
  const sum = { rewritten: 0, current: 0, unopened: 0 };
  for (const column of store.columns) {
    let last: string | null = null;
    for (;;) {
      signal.throwIfAborted();
      const rows: readonly SealedRow[] = await column.after(last, batchSize);
      if (rows.length === 0) break;
      last = rows.at(-1)?.key ?? null;
      const stale = [];
      for (const row of rows) {
        const opened = await sealer.open(row.sealed);
        if (!opened) sum.unopened += 1;
        else if (opened.stale) stale.push({ ...row, by: await sealer.seal(opened.value) });
        else sum.current += 1;
      }
      const rewritten = stale.length === 0 ? 0 : await column.replace(stale);
      sum.rewritten += rewritten;
      sum.current += stale.length - rewritten; // a hub was first, and encrypts with the same key
    }
  }
  return sum;
}
