import { withDeadline } from '../kernel/index.ts';
import { type Clock, HubError, isHubError } from '../plugin/index.ts';
import type { ServerOwners, ServerSettings } from '../servers/index.ts';
import type { Settings } from './config.ts';
import type { HubHooks } from './hooks.ts';

/** The number of the settings, or what the hook says of each user, asked every time (P238). */
export function namedLimit(
  { servers }: Pick<Settings, 'servers'>,
  { namedServerLimit: hook }: HubHooks,
  { owners, clock }: { readonly owners: ServerOwners; readonly clock: Clock },
): ServerSettings['namedServerLimit'] {
  if (!hook) return servers.limit;
  return async (userId) => {
    const user = await owners.view(userId);
    if (!user) return servers.limit; // gone meanwhile: whoever asks finds out
    const what = 'hooks.namedServerLimit';
    try {
      const limit = await withDeadline(clock, what, servers.hookTimeout, null, async () => hook(user));
      if (Number.isInteger(limit) && limit >= 0) return limit;
    } catch (cause) {
      if (isHubError(cause)) throw cause;
      throw new HubError('HUB_PLUGIN_FAILED', `${what} failed for ${user.name}.`, { cause });
    }
    throw new HubError('HUB_PLUGIN_FAILED', `${what} must answer with a whole number, 0 for no limit.`);
  };
}
