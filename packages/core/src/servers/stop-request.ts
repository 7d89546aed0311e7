import { type Actor, databaseNow } from '../kernel/index.ts';
import { tellFailed } from './attempt-end.ts';
import type { Attempts } from './attempts.ts';
import type { ServersContext } from './context.ts';
import { LostRace } from './lost-race.ts';
import { deleteForever } from './removal.ts';
import { isRenaming, pendingRename } from './renaming.ts';
import type { Failure, ServerRecord } from './server.ts';
import { tellServer } from './server-news.ts';

/** Who wants a server stopped, and does its row go with it? */
export interface StopWish {
  readonly actor: Actor;
  readonly remove: boolean;
}

/**
 * One try to stop a server as it was read: `ready` and `starting` become `stopping`, `queued` becomes `stopped`,
 * `stopping` is tried again at once (R83). `null`: it is stopped. `again`: somebody changed it meanwhile.
 */
export async function stopOnce(
  context: ServersContext,
  attempts: Attempts,
  server: ServerRecord,
  wish: StopWish,
): Promise<ServerRecord | null | 'again'> {
  if (await isRenaming(context, server)) throw pendingRename(server);
  if (server.phase === 'stopped') {
    if (!wish.remove || server.name === '') return null;
    return (await removeStopped(context, server, wish.actor)) ? null : 'again';
  }
  if (server.phase === 'stopping') return stopAgain(context, attempts, server, wish);

  const row = await leaveRunning(context, server, wish);
  if (!row) return 'again';
  if (row.phase === 'stopped') {
    if (wish.remove && row.name !== '') await removeStopped(context, row, wish.actor);
    return null;
  }
  await beginStop(context, attempts, row);
  return row;
}

/** Is its process bound to another machine, whose hubs alone can watch and end it? */
export function isElsewhere(context: ServersContext, server: ServerRecord): boolean {
  if (server.host === null || server.host === context.run.host || !context.spawners.has(server.spawner))
    return false;
  return context.spawners.get(server.spawner).driver.hostBound === true;
}

/** Begins a stop here, or leaves it to a hub of the machine the server's process is bound to. */
async function beginStop(context: ServersContext, attempts: Attempts, row: ServerRecord): Promise<void> {
  context.events.emit('serverStopping', { user: row.userName, server: row.name });
  if (isElsewhere(context, row)) {
    await context.servers.change({ id: row.id, fence: row.fence, phase: 'stopping' }, { owner: null });
    return;
  }
  void attempts.stop(row);
}

async function stopAgain(
  context: ServersContext,
  attempts: Attempts,
  server: ServerRecord,
  { remove }: StopWish,
): Promise<ServerRecord | 'again'> {
  const failed = server.stopTries > 0;
  if (!remove && !failed) return server; // it is on its way (R83)
  const row = await context.servers.change(
    { id: server.id, fence: server.fence, phase: 'stopping' },
    { ...(remove ? { removeWhenStopped: true } : {}), ...(failed ? { retryIn: 0 } : {}) },
  );
  if (!row) return 'again';
  // Another owner finds it due within the second.
  if (failed && row.owner === context.run.id && !attempts.has(row.id)) void attempts.stop(row);
  return row;
}

async function leaveRunning(
  context: ServersContext,
  server: ServerRecord,
  { actor, remove }: StopWish,
): Promise<ServerRecord | null> {
  context.spawners.get(server.spawner); // one that is not configured here cannot be told to stop anything
  const target = `server:${server.userName}/${server.name}`;
  const failure = server.phase === 'ready' ? null : cancelled(context, server);
  const removal = remove ? { removeWhenStopped: true } : {};
  const to =
    server.phase === 'queued'
      ? ({ phase: 'stopped', owner: null, failure, ...removal } as const)
      : ({
          phase: 'stopping',
          owner: context.run.id,
          stoppingAt: databaseNow,
          failure,
          ...removal,
        } as const);
  const row = await LostRace.asNull(
    context.unitOfWork.run({ actor, action: 'server.stop', target }, async () => {
      const { id, fence, phase } = server;
      const next = await context.servers.change({ id, fence, phase }, to, { raiseFence: true });
      if (!next) throw new LostRace();
      tellServer(context.changes, next);
      return next;
    }),
  );
  if (row && failure) tellFailed(context, server, failure);
  return row;
}

function cancelled(context: ServersContext, server: ServerRecord): Failure {
  return {
    cause: 'cancelled',
    message: 'Spawn cancelled',
    hint: null,
    messageHtml: null,
    status: 500,
    expected: true,
    reason: 'cancelled',
    log: null,
    attempt: server.attempt,
    at: context.clock.now().toISOString(),
  };
}

async function removeStopped(context: ServersContext, server: ServerRecord, actor: Actor): Promise<boolean> {
  await deleteForever(context, server);
  const target = `server:${server.userName}/${server.name}`;
  const removed = await LostRace.asNull(
    context.unitOfWork.run({ actor, action: 'server.delete', target }, async () => {
      const { id, fence } = server;
      if (!(await context.servers.remove({ id, fence, phase: 'stopped' }))) throw new LostRace();
      tellServer(context.changes, { id, phase: 'removed' });
      return true;
    }),
  );
  return removed ?? false;
}
