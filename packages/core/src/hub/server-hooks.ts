import type { AuthenticatorInstance } from '../accounts/index.ts';
import { withDeadline } from '../kernel/index.ts';
import type { Clock } from '../plugin/index.ts';
import type { ServerHooks } from '../servers/index.ts';
import { serverView } from '../servers/index.ts';

/** What authenticators do before a start and after a stop, each within its time (P117). */
export function serverHooks(deps: {
  readonly authenticators: readonly AuthenticatorInstance[];
  readonly clock: Clock;
  readonly baseUrl: string;
  readonly seconds: number;
}): ServerHooks {
  const { authenticators, clock, baseUrl, seconds } = deps;
  const each = async (what: string, call: (instance: AuthenticatorInstance) => unknown) => {
    for (const instance of authenticators) {
      await withDeadline(clock, `${what} of ${instance.id}`, seconds, null, async () => call(instance));
    }
  };
  return {
    beforeSpawn: (user, server) =>
      each('beforeSpawn', ({ authenticator }) =>
        authenticator.beforeSpawn?.(user, serverView(baseUrl, server, user), null),
      ),
    afterStop: (user, server) =>
      each('afterStop', ({ authenticator }) =>
        authenticator.afterStop?.(user, serverView(baseUrl, server, user)),
      ),
  };
}
