import type { Launch } from '@hub/core/plugin';
import type { MissingFolder, RunAs } from '@hub/posix';
import { hubAccount } from './hub-account.ts';
import type { LaunchOptions } from './options.ts';
import { type UserAccountDeps, userAccount } from './user-account.ts';

/** Where a server starts, as whom, and what tells it whose it is. */
export interface Account {
  readonly folder: string;
  /** Set after everything else, so that no option changes them (P240). */
  readonly environment: { readonly USER: string; readonly HOME: string; readonly SHELL: string };
  /** Null: the hub's own account. */
  readonly as: RunAs | null;
  readonly missingFolder: MissingFolder;
  readonly writableFolder: boolean;
}

/** The account a launch runs under, its folder made where it is one of the hub's. Throws a spawn failure. */
export async function accountOf(
  launch: Launch,
  options: LaunchOptions,
  deps: UserAccountDeps,
): Promise<Account> {
  return options.runAs === 'user' ? userAccount(launch, options, deps) : hubAccount(launch, options);
}
