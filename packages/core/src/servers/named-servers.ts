import { HubError } from '../plugin/index.ts';
import { namedServerLimit, type ServerSettings, type ServersContext } from './context.ts';
import type { ServerRepository } from './ports.ts';
import type { ServerOwner, ServerRecord } from './server.ts';
import { isDisplayName, isServerName } from './server-names.ts';

/** The row of a server; made where it is missing. Throws 400 for a new one of a name there may not be (R78). */
export async function ensureServer(
  context: ServersContext,
  owner: ServerOwner,
  name: string,
  displayName: string | null,
): Promise<ServerRecord> {
  if (name !== '') await checkNamed(context, owner, name, displayName);
  const spawner = context.spawners.first.id;
  const shown = displayName === null || displayName === '' ? name : displayName;
  return context.servers.ensure(owner.id, name, { displayName: name === '' ? '' : shown, spawner });
}

/** May there be a new server of this name? The checks of R78, in its order; throws 400. */
export async function checkNamed(
  context: ServersContext,
  owner: ServerOwner,
  name: string,
  displayName: string | null,
): Promise<void> {
  requireNamedServers(context.settings);
  await requireRoom(context.servers, owner, await namedServerLimit(context.settings, owner.id));
  requireNames(name, displayName || null);
}

/** Throws 400 where users may not have named servers. */
export function requireNamedServers({ namedServers }: Pick<ServerSettings, 'namedServers'>): void {
  if (!namedServers) throw badRequest('Named servers are not enabled.');
}

/** Throws 400 where the owner has as many named servers as `limit`; 0 is none. */
export async function requireRoom(
  servers: Pick<ServerRepository, 'countNamed'>,
  owner: ServerOwner,
  limit: number,
): Promise<void> {
  if (limit === 0 || (await servers.countNamed(owner.id)) < limit) return;
  throw badRequest(
    `User ${owner.name} already has the maximum of ${limit} named servers.  One must be deleted before a new server can be created`,
  );
}

/** Throws 400 for what cannot be a name (R79); `null` is not looked at. */
export function requireNames(name: string | null, displayName: string | null): void {
  if (name !== null && !isServerName(name)) throw badRequest(`Invalid server_name: '${name}'`);
  if (displayName !== null && !isDisplayName(displayName)) {
    throw badRequest(`Invalid display_name: '${displayName}'`);
  }
}

/** P238: an old one of a name that no new one may have. Throws 400. */
export function refuseInvalidName({ settings }: ServersContext, { name }: ServerRecord): void {
  if (name === '' || settings.startInvalidNames || isServerName(name)) return;
  throw badRequest(`Invalid server_name: '${name}'`);
}

function badRequest(message: string): HubError {
  return new HubError('HUB_BAD_REQUEST', message);
}
