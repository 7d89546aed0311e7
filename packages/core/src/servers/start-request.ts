import { HubError } from '../plugin/index.ts';
import type { ServersContext } from './context.ts';
import { ensureServer, refuseInvalidName, requireNamedServers } from './named-servers.ts';
import { enqueue, type StartRequest } from './queue.ts';
import { isRenaming, pendingRename } from './renaming.ts';
import type { ServerOwner, ServerRecord } from './server.ts';
import { settledStart } from './settled-start.ts';
import { fullName, pendingStop } from './stopping.ts';

/** A start as somebody asks for it; by which spawner is found out. */
export type StartWish = Omit<StartRequest, 'spawner'> & { readonly displayName: string | null };

/** What asking for a start needs of the rest. */
export interface StartDeps {
  /** Does this ready server run? One that died is cleaned up when this answers `false`. */
  readonly stillRuns: (server: ServerRecord) => Promise<boolean>;
  /** Runs few of many at a time: see `Servers`. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
  /** Somebody waits for a turn. */
  readonly onQueued: () => void;
}

/**
 * Asks for a start (R80), by the spawner that its options and the hub's profiles say. Idempotent while one is pending.
 * Throws what `Servers.requestStart` tells.
 */
export async function requestStart(
  context: ServersContext,
  { stillRuns, inTurn, onQueued }: StartDeps,
  owner: ServerOwner,
  name: string,
  wish: StartWish,
): Promise<ServerRecord> {
  if (name !== '') requireNamedServers(context.settings);
  let lost: ServerRecord | null = null;
  for (let tries = 0; tries < 3; tries++) {
    const found = await context.servers.byName(owner.id, name);
    const server = found ?? (await ensureServer(context, owner, name, wish.displayName));
    if (server.phase === 'queued' || server.phase === 'starting') return server;
    refuseInvalidName(context, server);
    if (server.phase === 'stopping') {
      context.events.emit('startRefused', { user: owner.name, server: name, reason: 'already-pending' });
      throw pendingStop(server);
    }
    if (server.phase === 'ready') {
      // Somebody else's start of the same moment, that is over already.
      if (lost && server.attempt === lost.attempt + 1) return server;
      // One that died unnoticed is replaced, not refused (R80).
      if (await stillRuns(server))
        throw new HubError('HUB_BAD_REQUEST', `${fullName(server)} is already running`);
      continue;
    }
    if (await isRenaming(context, server)) throw pendingRename(server);
    const settled = await settledStart(context, server, wish.userOptions);
    const queued = await inTurn(() => enqueue(context, server, { ...wish, ...settled }));
    if (!queued) {
      lost = server; // somebody else was first: look again
      continue;
    }
    context.events.emit('serverQueued', { user: queued.userName, server: queued.name });
    onQueued();
    return queued;
  }
  throw changedByOthers(owner);
}

/** For a request that lost the race for its server several times. */
export function changedByOthers(owner: ServerOwner): HubError {
  return new HubError(
    'HUB_CONFLICTING_CHANGE',
    `${owner.name}'s server is being changed by others. Try again.`,
  );
}
