import { type UserRecord, type Users, userView } from '../accounts/index.ts';
import type { Actor } from '../kernel/index.ts';
import { HubError, type Logger } from '../plugin/index.ts';
import type { UserHooks } from './user-hooks.ts';

/** What creating users needs. */
export interface CreateUsersDeps {
  readonly users: Users;
  readonly hooks: UserHooks;
  readonly log: Logger;
}

/**
 * Makes users and lets authenticators know of each. A hook that fails undoes its own user: those before it stay,
 * those after it are not made (R58).
 *
 * @param tellWhy R58 names the hook's error, R59 does not.
 * @throws HubError 400 naming the user whose hook failed.
 */
export async function createUsers(
  { users, hooks, log }: CreateUsersDeps,
  actor: Actor,
  names: readonly string[],
  admin: boolean,
  tellWhy: boolean,
): Promise<{ readonly created: readonly UserRecord[]; readonly existing: readonly string[] }> {
  const { created, existing } = await users.create(actor, names, admin);
  for (const [index, user] of created.entries()) {
    try {
      await hooks.added(userView(user, []));
    } catch (error) {
      log.error({ user: user.name, err: error }, 'onUserAdded failed, the user is removed again');
      for (const undone of created.slice(index)) await users.remove({ kind: 'hub', name: 'undo' }, undone);
      const why = tellWhy && error instanceof Error ? `: ${error.message}` : '';
      throw new HubError('HUB_BAD_REQUEST', `Failed to create user ${user.name}${why}`, { cause: error });
    }
  }
  return { created, existing };
}
