import { HelperPool, type HelperPoolOptions } from './helper-pool.ts';
import type { Account, Group } from './name-service-types.ts';

/**
 * Accounts and groups as the system's name service has them, directories included. Asked anew each time; null means
 * there is none, and who cannot be asked rejects with a helper failure, so that nobody is taken for unknown while a
 * directory is down.
 */
export interface Accounts {
  accountOf(name: string): Promise<Account | null>;
  accountWithId(uid: number): Promise<Account | null>;
  /** All groups of an account, the primary one first; null when there is no such account. */
  groupsOf(name: string): Promise<readonly Group[] | null>;
  groupNamed(name: string): Promise<Group | null>;
}

/** Asks the name service in a child process of its own. Close it when done. */
export function createAccounts(options: HelperPoolOptions = {}): Accounts & { close(): Promise<void> } {
  const pool = new HelperPool({ helpers: 1, ...options });
  return { ...accountsBy(pool), close: () => pool.close() };
}

/** Asks by helpers that are there already. */
export function accountsBy(pool: HelperPool): Accounts {
  const isName = (name: string) => name !== '' && !name.includes('\0') && name.isWellFormed();
  return {
    accountOf: async (name) => (isName(name) ? pool.ask({ kind: 'account-by-name', name }) : null),
    accountWithId: (uid) => pool.ask({ kind: 'account-by-id', uid }),
    groupsOf: async (name) => (isName(name) ? pool.ask({ kind: 'groups-of', name }) : null),
    groupNamed: async (name) => (isName(name) ? pool.ask({ kind: 'group-by-name', name }) : null),
  };
}
