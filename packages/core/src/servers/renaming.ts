import { HubError } from '../plugin/index.ts';
import type { ServerRepository } from './ports.ts';
import type { ServerRecord } from './server.ts';
import { fullName } from './stopping.ts';

/**
 * Is its spawner being asked for another name (P214)? Such a server is stopped and has an owner: the hub that asks. One
 * that died meanwhile asks nobody.
 */
export async function isRenaming(
  { servers }: { readonly servers: Pick<ServerRepository, 'liveHubs'> },
  { phase, owner }: Pick<ServerRecord, 'phase' | 'owner'>,
): Promise<boolean> {
  if (phase !== 'stopped' || owner === null) return false;
  return (await servers.liveHubs()).some(({ id }) => id === owner);
}

/** The error of what cannot be done while a name is being asked for (P225, R83). */
export function pendingRename(server: Pick<ServerRecord, 'userName' | 'name'>): HubError {
  return new HubError('HUB_BAD_REQUEST', `${fullName(server)} is pending rename`);
}
