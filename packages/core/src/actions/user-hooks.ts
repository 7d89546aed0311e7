import type { AuthenticatorInstance } from '../accounts/index.ts';
import { withDeadline } from '../kernel/index.ts';
import type { Clock, UserView } from '../plugin/index.ts';

/** What the first authenticator does when a user is made or removed by somebody else than a sign-in. */
export interface UserHooks {
  /** Throwing undoes the user (R58). */
  added(user: UserView): Promise<void>;
  deleted(user: UserView): Promise<void>;
}

/** Calls a hook of every authenticator, one after another, each within its time. */
export function callEach(deps: {
  readonly authenticators: readonly AuthenticatorInstance[];
  readonly clock: Clock;
  readonly seconds: number;
}): (what: string, call: (instance: AuthenticatorInstance) => unknown) => Promise<void> {
  const { authenticators, clock, seconds } = deps;
  return async (what, call) => {
    for (const instance of authenticators) {
      await withDeadline(clock, `${what} of ${instance.id}`, seconds, null, async () => call(instance));
    }
  };
}

/** What authenticators do when users come and go. */
export function userHooks(deps: {
  readonly authenticators: readonly AuthenticatorInstance[];
  readonly clock: Clock;
  readonly seconds: number;
}): UserHooks {
  const each = callEach(deps);
  return {
    added: (user) => each('onUserAdded', ({ authenticator }) => authenticator.onUserAdded?.(user)),
    deleted: (user) => each('onUserDeleted', ({ authenticator }) => authenticator.onUserDeleted?.(user)),
  };
}
