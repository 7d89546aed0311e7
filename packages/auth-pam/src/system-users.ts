import { HubError, type Logger, type UserView } from '@hub/core/plugin';
import { type Accounts, isPossibleAccountName, makeAccount } from '@hub/posix';
import type { PamAuthenticatorOptions } from './options.ts';

/** Sees to it that a new user has an account of the system (P151). Throws when there is none in the end. */
export function systemUsers(
  options: PamAuthenticatorOptions,
  { accounts, log }: { accounts: Accounts; log: Logger },
): (user: UserView) => Promise<void> {
  return async ({ name }) => {
    if (!isPossibleAccountName(name)) {
      throw new HubError('HUB_BAD_REQUEST', `The system cannot have an account called "${name}".`);
    }
    if (await accounts.accountOf(name)) return;
    if (!options.createSystemUsers) {
      throw new HubError('HUB_BAD_REQUEST', `The system has no account called ${name}.`, {
        hint: 'Make it, or set createSystemUsers and let the hub make it.',
      });
    }
    const made = await makeAccount(name, options, accounts);
    if (made.account === null) {
      throw new HubError('HUB_PLUGIN_FAILED', made.problem, {
        hint: 'The hub must run as root to make accounts. See addUserCommand.',
      });
    }
    log.info({ user: name, made: made.made }, 'the system has an account for a new user');
  };
}
