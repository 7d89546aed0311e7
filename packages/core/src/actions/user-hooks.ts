import type { AuthenticatorInstance } from '../accounts/index.ts';
import { withDeadline } from '../kernel/index.ts';
import type { Clock, UserView } from '../plugin/index.ts';

/** What the first authenticator does when a user is made or removed by somebody else than a sign-in. */
export interface UserHooks {
  /** Throwing undoes the user (R58). */
  added(user: UserView): Promise<void>;
  deleted(user: UserView): Promise<void>;
}

/** Calls every authenticator's hook, each within its time. */
export function userHooks(deps: {
  readonly authenticators: readonly AuthenticatorInstance[];
  readonly clock: Clock;
  readonly seconds: number;
}): UserHooks {
  const { authenticators, clock, seconds } = deps;
  const each = async (what: string, call: (instance: AuthenticatorInstance) => unknown) => {
    for (const instance of authenticators) {
      await withDeadline(clock, `${what} of ${instance.id}`, seconds, null, async () => call(instance));
    }
  };
  return {
    added: (user) => each('onUserAdded', ({ authenticator }) => authenticator.onUserAdded?.(user)),
    deleted: (user) => each('onUserDeleted', ({ authenticator }) => authenticator.onUserDeleted?.(user)),
  };
}
