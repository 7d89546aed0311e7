import { HubError } from '@hub/core/plugin';
import { type Accounts, isHelperFailure, type PamVerdict } from '@hub/posix';

type Broken = Extract<PamVerdict, { readonly outcome: 'broken' }>;

const passing: ReadonlySet<Broken['reason']> = new Set(['busy', 'timeout', 'died', 'closed']);

const hints: Partial<Record<Broken['reason'], string>> = {
  busy: 'Too many people sign in at once: raise helpers, or look what keeps PAM.',
  timeout: 'A PAM module hangs, perhaps waiting for a server: see the log of the system.',
  died: 'A PAM module crashed: see the log of the system.',
  'service-missing': 'Write that file, or name another in the option service.',
  'module-missing': 'Install the package of that module, or take its line out of the service.',
  system:
    'See the log of the system (auth.log, or journalctl). A hub that does not run as root must be able to read /etc/shadow.',
};

/** What somebody's sign-in fails with while PAM cannot tell: an error, never a refusal. */
export function brokenPam(id: string, { reason, message }: Broken): HubError {
  const hint = hints[reason];
  return new HubError(
    passing.has(reason) ? 'HUB_UNAVAILABLE' : 'HUB_PLUGIN_FAILED',
    `Authenticator ${id}: ${message}`,
    hint === undefined ? {} : { hint },
  );
}

/** The name service, with failures as errors of the hub: who cannot be looked up is not unknown (P154). */
export function lookups(accounts: Accounts): Accounts {
  const told = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (cause) {
      if (!isHelperFailure(cause)) throw cause;
      throw new HubError('HUB_UNAVAILABLE', `Accounts of the system cannot be looked up: ${cause.message}`, {
        cause,
        hint: 'See whether `getent passwd` answers, and the services that nsswitch.conf names.',
      });
    }
  };
  return {
    accountOf: (name) => told(accounts.accountOf(name)),
    accountWithId: (uid) => told(accounts.accountWithId(uid)),
    groupsOf: (name) => told(accounts.groupsOf(name)),
    groupNamed: (name) => told(accounts.groupNamed(name)),
  };
}
