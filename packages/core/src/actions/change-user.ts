import type { UserChange, UserDetails, UserRecord } from '../accounts/index.ts';
import type { Actor } from '../kernel/index.ts';
import { HubError } from '../plugin/index.ts';
import { type DisableUserDeps, enableUser, stopServers, withdraw } from './disable-user.ts';

/**
 * Changes a user, all of what is asked or nothing (R61–R65). `disabled` takes their access away or gives it back.
 *
 * @throws HubError as `Users.change` does, and 400 for enabling somebody whom the configuration keeps out.
 */
export async function changeUser(
  deps: DisableUserDeps,
  actor: Actor,
  user: Pick<UserRecord, 'id' | 'name'>,
  { disabled, ...wish }: UserChange & { readonly disabled?: boolean | undefined },
): Promise<UserDetails> {
  const { users, work } = deps;
  const changed = await work.run(null, async () => {
    const named = await users.change(actor, user, wish);
    if (disabled === undefined) return named;
    if (disabled) await withdraw(deps, actor, named);
    else await enableUser(deps, actor, named);
    return (await users.get(named.name)) ?? gone(named.name);
  });
  if (!disabled) return changed;
  await stopServers(deps, actor, changed);
  return (await users.get(changed.name)) ?? changed;
}

function gone(name: string): never {
  throw new HubError('HUB_NOT_FOUND', `No such user: '${name}'`);
}
