import { type Launch, spawnFailure } from '@hub/core/plugin';
import {
  type Accounts,
  isPossibleAccountName,
  isShortage,
  makeAccount,
  type Account as SystemAccount,
} from '@hub/posix';
import type { Account } from './account.ts';
import { workingDirectoryOf } from './folder-template.ts';
import type { LaunchOptions } from './options.ts';

/** What is asked about accounts of the system. */
export interface UserAccountDeps {
  readonly accounts: Pick<Accounts, 'accountOf'>;
  /** Processes of an account at most, where no control group counts those of a server. */
  readonly mostProcesses: number | undefined;
}

/** The user's own account of the system (P301, P305). Throws a spawn failure that names what is missing. */
export async function userAccount(
  launch: Launch,
  options: LaunchOptions,
  { accounts, mostProcesses }: UserAccountDeps,
): Promise<Account> {
  const found = await findAccount(launch, options, accounts);
  refuseSystemAccount(found, options);
  const { name, uid, gid, home, shell } = found;
  const { folder } = workingDirectoryOf(launch, options, home);
  return {
    folder,
    environment: { USER: launch.user.name, HOME: home, SHELL: shell },
    as: { uid, gid, name, umask: options.umask ?? undefined, mostProcesses },
    missingFolder: options.missingFolder,
    // Jupyter keeps its settings and sockets there.
    writableFolder: folder === home,
  };
}

async function findAccount(
  launch: Launch,
  options: LaunchOptions,
  accounts: UserAccountDeps['accounts'],
): Promise<SystemAccount> {
  const name = options.account.replaceAll('{username}', () => launch.user.name);
  if (!isPossibleAccountName(name)) {
    throw spawnFailure('system', `The system cannot have an account called "${name}".`, {
      hint: 'See the option account, which maps users to accounts.',
    });
  }
  const account = await lookUp(name, accounts);
  if (account) return account;
  if (!options.createSystemUsers) {
    throw spawnFailure('system', `The system has no account called ${name}.`, {
      hint: 'Make it, or set createSystemUsers and let the hub make it by addUserCommand.',
    });
  }
  const made = await makeAccount(name, options, accounts);
  if (made.account === null) {
    throw spawnFailure('system', made.problem, { hint: 'See the option addUserCommand.' });
  }
  launch.log.info({ account: name, made: made.made }, 'the system has an account for a user');
  return made.account;
}

async function lookUp(name: string, accounts: UserAccountDeps['accounts']): Promise<SystemAccount | null> {
  try {
    return await accounts.accountOf(name);
  } catch (cause) {
    if (isShortage(cause)) throw cause;
    throw spawnFailure('system', `The account ${name} could not be looked up: ${(cause as Error).message}`, {
      hint: 'The name service of the system does not answer; try again.',
      cause,
    });
  }
}

/** Daemons' files would be open to whoever signs in under the name of one. */
function refuseSystemAccount({ name, uid }: SystemAccount, { minUid, allowRoot }: LaunchOptions): void {
  if (uid === 0 ? allowRoot : uid >= minUid && uid !== nobody) return;
  const hint = uid === 0 ? 'See the option allowRoot.' : 'See the option minUid.';
  throw spawnFailure(
    'system',
    `The account ${name} (uid ${uid}) belongs to the system; no server runs as it.`,
    {
      hint,
    },
  );
}

/** What others' files look like on a network drive. */
const nobody = 65_534;
