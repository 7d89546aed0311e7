import type { Logins, UserRecord, Users } from '../accounts/index.ts';
import type { Actor, UnitOfWork } from '../kernel/index.ts';
import { HubError, type Logger } from '../plugin/index.ts';
import type { Servers } from '../servers/index.ts';

/** What disabling a user needs. */
export interface DisableUserDeps {
  readonly users: Users;
  readonly logins: Logins;
  readonly work: UnitOfWork;
  readonly log: Logger;
  /** `null` beside a hub: the hubs that run stop the servers then, within seconds. */
  readonly servers: Pick<Servers, 'stopOfUser'> | null;
}

type Target = Pick<UserRecord, 'id' | 'name'>;

/**
 * Takes everything a user may do away, on every hub from its next request on, and stops their servers; nothing of
 * theirs is deleted but logins, and the tokens and codes that came of these. API tokens stay: they are refused, and
 * good again once the user is enabled. Answers when the stops are under way.
 */
export async function disableUser(deps: DisableUserDeps, actor: Actor, user: Target): Promise<void> {
  await deps.work.run(null, () => withdraw(deps, actor, user));
  await stopServers(deps, actor, user);
}

/**
 * Lets a disabled user in again.
 * @throws HubError 400 for one whom the configuration keeps out.
 */
export async function enableUser(
  { users, work }: Pick<DisableUserDeps, 'users' | 'work'>,
  actor: Actor,
  user: Target,
): Promise<void> {
  await work.run(null, async () => {
    await users.setDisabled(actor, user, false);
    if (!(await users.get(user.name))?.disabled) return;
    throw new HubError('HUB_BAD_REQUEST', `The configuration keeps ${user.name} out.`, {
      hint: 'Take the name out of `access.blocked` and restart the hub.',
    });
  });
}

/** The part of {@link disableUser} that belongs into one transaction: the flag first, then what hangs on it. */
export async function withdraw(
  { users, logins }: Pick<DisableUserDeps, 'users' | 'logins'>,
  actor: Actor,
  user: Target,
): Promise<void> {
  await users.setDisabled(actor, user, true);
  await logins.endAll(actor, user);
}

/** Hubs look for servers of disabled users every few seconds, so a stop that fails here is only later. */
export async function stopServers(
  { servers, log }: Pick<DisableUserDeps, 'servers' | 'log'>,
  actor: Actor,
  user: Target,
): Promise<void> {
  await servers?.stopOfUser(actor, user).catch((error: unknown) => {
    log.warn(
      { user: user.name, err: error },
      'servers of a disabled user not stopped yet, it is tried again',
    );
  });
}
