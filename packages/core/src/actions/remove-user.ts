import { type UserDetails, type Users, userView } from '../accounts/index.ts';
import type { Actor } from '../kernel/index.ts';
import { HubError, type Logger } from '../plugin/index.ts';
import type { Servers } from '../servers/index.ts';
import type { UserHooks } from './user-hooks.ts';

/** What removing a user needs. */
export interface RemoveUserDeps {
  readonly users: Users;
  readonly servers: Servers;
  readonly hooks: UserHooks;
  readonly log: Logger;
  /** Seconds to wait for servers to stop. */
  readonly slowStop: number;
}

/**
 * Removes a user with everything that is theirs: servers are stopped first, then authenticators are told, then
 * the row goes (R66).
 *
 * @throws HubError 400 while a server is pending or does not stop in time; the user stays.
 */
export async function removeUser(deps: RemoveUserDeps, actor: Actor, user: UserDetails): Promise<void> {
  const { users, servers, hooks, log, slowStop } = deps;
  for (const server of await servers.ofUser(user)) {
    if (server.phase === 'queued' || server.phase === 'starting') {
      throw refused(`${user.name}'s server is in the process of starting, please wait.`);
    }
    if (server.phase === 'stopping')
      throw refused(`${user.name}'s server is in the process of stopping, please wait.`);
  }
  await Promise.all(
    (await servers.ofUser(user)).map(async (server) => {
      const stopping = await servers.requestStop(user, server.name, { actor, remove: false });
      if (stopping && !(await servers.stopOutcome(stopping, slowStop))) {
        throw refused(`${user.name}'s server is in the process of stopping, please wait.`);
      }
    }),
  );
  await hooks.deleted(userView(user, user.groups)).catch((error: unknown) => {
    log.error({ user: user.name, err: error }, 'onUserDeleted failed, the user is removed all the same');
  });
  await servers.forgetAll(user);
  if ((await users.remove(actor, user)) === 'has-active-servers') {
    throw refused(`${user.name} has started a server meanwhile.`);
  }
}

function refused(message: string): HubError {
  return new HubError('HUB_BAD_REQUEST', message);
}
