import type { AuthenticatorInstance, AuthStates, LastSeen } from '../accounts/index.ts';
import { callEach } from '../actions/index.ts';
import type { Clock, Logger } from '../plugin/index.ts';
import type { ServerHooks } from '../servers/index.ts';
import { serverView } from '../servers/index.ts';

/** What happens around a server's life: a start is activity of its user (P220), and authenticators have their say (P117). */
export function serverHooks(deps: {
  readonly authenticators: readonly AuthenticatorInstance[];
  readonly authStates: Pick<AuthStates, 'ofAuthenticator'>;
  readonly lastSeen: LastSeen;
  readonly log: Logger;
  readonly clock: Clock;
  readonly baseUrl: string;
  readonly seconds: number;
}): ServerHooks {
  const { authStates, lastSeen, log, baseUrl } = deps;
  const each = callEach(deps);
  return {
    async beforeSpawn(user, server) {
      // Nobody waits for it: written with what else is seen now, and a start does not fail because of it.
      lastSeen.commit([{ kind: 'user', id: server.userId, at: null }]).catch((error: unknown) => {
        log.warn({ user: user.name, err: error }, 'activity of a start not written');
      });
      const view = serverView(baseUrl, server, user);
      await each('beforeSpawn', async ({ id, authenticator }) => {
        if (!authenticator.beforeSpawn) return;
        await authenticator.beforeSpawn(user, view, await authStates.ofAuthenticator(server.userId, id));
      });
    },
    afterStop: (user, server) =>
      each('afterStop', ({ authenticator }) =>
        authenticator.afterStop?.(user, serverView(baseUrl, server, user)),
      ),
  };
}
