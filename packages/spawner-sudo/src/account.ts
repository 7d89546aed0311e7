import { spawnFailure } from '@hub/core/plugin';
import { type Account, type Accounts, isPossibleAccountName, isShortage } from '@hub/posix';

/**
 * The account of this machine that a user's servers run under. Throws a spawn failure when there is none, when it is
 * root, or when sudo would take the name for something else: an option, or a number by `#`.
 */
export async function accountOf(name: string, accounts: Pick<Accounts, 'accountOf'>): Promise<Account> {
  const account = isSafe(name) ? await lookUp(name, accounts) : null;
  if (!account || !isSafe(account.name)) {
    throw spawnFailure('system', `This machine has no account "${name}".`, {
      hint: 'Servers run as accounts of the machine that have the same name as the user.',
    });
  }
  if (account.uid === 0)
    throw spawnFailure('system', `The account "${name}" is root: no server runs as root.`);
  return account;
}

async function lookUp(name: string, accounts: Pick<Accounts, 'accountOf'>): Promise<Account | null> {
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

function isSafe(name: string): boolean {
  return isPossibleAccountName(name) && !/^[#%!]|\s/.test(name);
}
