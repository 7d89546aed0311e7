import type { AuthenticatorInstance, AuthStates, LastSeen } from '../accounts/index.ts';
import { callEach } from '../actions/index.ts';
import { withDeadline } from '../kernel/index.ts';
import type { Awaitable, Clock, Logger, UserView } from '../plugin/index.ts';
import type { ServerHooks, ServerRecord } from '../servers/index.ts';
import { serverView } from '../servers/index.ts';
import type { HubHooks } from './hooks.ts';
import { launchChanges } from './launch-changes.ts';

/** What {@link serverHooks} works with. `seconds` is the limit of each call. */
export interface ServerHooksDeps {
  readonly hooks: HubHooks;
  readonly authenticators: readonly AuthenticatorInstance[];
  readonly authStates: Pick<AuthStates, 'ofAuthenticator' | 'ofUser'>;
  readonly lastSeen: LastSeen;
  readonly log: Logger;
  readonly clock: Clock;
  readonly baseUrl: string;
  readonly seconds: number;
}

/**
 * What happens around a server's life, in the order of P220 and P252: a start is activity of its user, then
 * authenticators have their say (P117), then the hooks of the configuration; after a stop it is the other way round.
 */
export function serverHooks(deps: ServerHooksDeps): ServerHooks {
  const { hooks, authenticators, authStates, lastSeen, log, clock, baseUrl, seconds } = deps;
  const each = callEach(deps);
  const quietly = async (what: string, { userName, name }: ServerRecord, work: () => unknown) => {
    try {
      await withDeadline(clock, what, seconds, null, async () => work());
    } catch (error) {
      log.error({ user: userName, server: name, hook: what, err: error }, 'a hook failed');
    }
  };
  const view = (user: UserView, server: ServerRecord) => serverView(baseUrl, server, user);

  return {
    async beforeSpawn(launch, server) {
      const { user } = launch;
      // Nobody waits for it: written with what else is seen now, and a start does not fail because of it.
      lastSeen.commit([{ kind: 'user', id: server.userId, at: null }]).catch((error: unknown) => {
        log.warn({ user: user.name, err: error }, 'activity of a start not written');
      });
      await each('beforeSpawn', async ({ id, authenticator }) => {
        if (!authenticator.beforeSpawn) return;
        const state = await authStates.ofAuthenticator(server.userId, id);
        await authenticator.beforeSpawn(user, launch.server, state);
      });
      const unlessCancelled = <T>(what: string, work: () => Awaitable<T>): Promise<T> =>
        withDeadline(clock, what, seconds, launch.signal, async () => work());
      const parts = { hooks, within: unlessCancelled, log };
      return launchChanges(parts, launch, () => authStates.ofUser(server.userId));
    },
    afterSpawn: (user, server) =>
      quietly('hooks.afterSpawn', server, () => hooks.afterSpawn?.(view(user, server))),
    onSpawnFailure: (user, server, failure) =>
      quietly('hooks.onSpawnFailure', server, () => hooks.onSpawnFailure?.(failure, view(user, server))),
    async progressReady(event, server) {
      if (!hooks.progressReady) return event;
      let told = event;
      await quietly('hooks.progressReady', server, async () => {
        const about = { user: server.userName, server: server.name };
        const wanted = await hooks.progressReady?.(event, about);
        if (!wanted || typeof wanted !== 'object')
          throw new TypeError('hooks.progressReady must answer with an event');
        // Those who wait end by these two, whatever else it says.
        told = { ...JSON.parse(JSON.stringify(wanted)), progress: 100, ready: true };
      });
      return told;
    },
    async afterStop(user, server) {
      await quietly('hooks.afterStop', server, () => hooks.afterStop?.(view(user, server)));
      for (const { id, authenticator } of authenticators) {
        await quietly(`afterStop of ${id}`, server, () =>
          authenticator.afterStop?.(user, view(user, server)),
        );
      }
    },
  };
}
