import type { AuthenticatorInstance, LastSeen } from '../accounts/index.ts';
import { callEach } from '../actions/index.ts';
import type { Clock, Logger } from '../plugin/index.ts';
import type { ServerHooks } from '../servers/index.ts';
import { serverView } from '../servers/index.ts';

/** What happens around a server's life: a start is activity of its user (P220), and authenticators have their say (P117). */
export function serverHooks(deps: {
  readonly authenticators: readonly AuthenticatorInstance[];
  readonly lastSeen: LastSeen;
  readonly log: Logger;
  readonly clock: Clock;
  readonly baseUrl: string;
  readonly seconds: number;
}): ServerHooks {
  const { lastSeen, log, baseUrl } = deps;
  const each = callEach(deps);
  return {
    async beforeSpawn(user, server) {
      // Nobody waits for it: written with what else is seen now, and a start does not fail because of it.
      lastSeen.commit([{ kind: 'user', id: server.userId, at: null }]).catch((error: unknown) => {
        log.warn({ user: user.name, err: error }, 'activity of a start not written');
      });
      await each('beforeSpawn', ({ authenticator }) =>
        authenticator.beforeSpawn?.(user, serverView(baseUrl, server, user), null),
      );
    },
    afterStop: (user, server) =>
      each('afterStop', ({ authenticator }) =>
        authenticator.afterStop?.(user, serverView(baseUrl, server, user)),
      ),
  };
}
