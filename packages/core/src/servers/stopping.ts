import { HubError } from '../plugin/index.ts';
import type { ServersContext } from './context.ts';
import { spawnersWords } from './failure.ts';
import { LostRace } from './lost-race.ts';
import { deleteForever } from './removal.ts';
import type { ServerRecord } from './server.ts';
import { tellServer } from './server-news.ts';
import { askSpawner } from './spawner-calls.ts';
import { stoppedRow } from './stopped-row.ts';

const firstRetry = 1;
const longestRetry = 60;

/**
 * Takes a server from `stopping` to `stopped`: route first, then the spawner, then what was given to it. A stop
 * that fails leaves it `stopping`, with the failure and a time for the next try; nothing is forgotten while it
 * may still run.
 */
export async function runStop(context: ServersContext, server: ServerRecord): Promise<void> {
  const began = context.clock.monotonic();
  const name = { user: server.userName, server: server.name };
  try {
    await context.leases.whenFresh(AbortSignal.timeout(30_000));
    await removeRoute(context, server);
    await endProcess(context, server);
  } catch (error) {
    await keepStopping(context, server, error);
    context.events.emit('serverStopped', {
      ...name,
      seconds: (context.clock.monotonic() - began) / 1000,
      ok: false,
    });
    return;
  }
  await afterStopHooks(context, server);
  const stopped = await forgetAttempt(context, server);
  if (stopped) {
    context.events.emit('serverStopped', {
      ...name,
      seconds: (context.clock.monotonic() - began) / 1000,
      ok: true,
    });
  }
}

/** The proxy may be away just now; a route left behind is removed by the next reconciliation. */
async function removeRoute(context: ServersContext, server: ServerRecord): Promise<void> {
  await context.routes.remove(server, AbortSignal.timeout(5_000)).catch((error: unknown) => {
    context.log.warn({ user: server.userName, server: server.name, err: error }, 'route not removed yet');
  });
}

async function endProcess(context: ServersContext, server: ServerRecord): Promise<void> {
  const spawner = context.spawners.get(server.spawner);
  const limit = { call: 'stop', seconds: spawner.options.stopTimeout };
  await askSpawner(context, spawner, server, limit, (running) => spawner.driver.stop(running, 'politely'));
}

async function keepStopping(context: ServersContext, server: ServerRecord, error: unknown): Promise<void> {
  const tries = server.stopTries + 1;
  const startFailure = server.failure?.cause === 'stop-failed' ? null : server.failure;
  const retryIn = secondsToNextStop(tries);
  const why = spawnersWords(error);
  context.log.error(
    { user: server.userName, server: server.name, err: error, tries, retryIn },
    'server could not be stopped, it is tried again',
  );
  await context.unitOfWork.run(null, async () => {
    await context.servers.change(
      { id: server.id, fence: server.fence, phase: 'stopping' },
      {
        stopTries: tries,
        retryIn,
        failure: startFailure ?? {
          cause: 'stop-failed',
          message: `The server could not be stopped yet${why ? `: ${why.message}` : '.'}`,
          hint: `${why?.hint ?? 'The log of the hub names the cause.'} It is tried again in ${retryIn} s.`,
          messageHtml: null,
          status: 500,
          expected: false,
          reason: 'error',
          log: null,
          attempt: server.attempt,
          at: context.clock.now().toISOString(),
        },
      },
    );
    tellServer(context.changes, server);
  });
}

async function afterStopHooks(context: ServersContext, server: ServerRecord): Promise<void> {
  const owner = await context.owners.view(server.userId);
  if (!owner) return;
  await context.hooks.afterStop(owner, server).catch((error: unknown) => {
    context.log.error(
      { user: server.userName, server: server.name, err: error },
      'a hook after the stop failed',
    );
  });
}

/** Deletes the attempt's secrets and the row's memory of it, in one change; the row too where that is wished. */
async function forgetAttempt(context: ServersContext, server: ServerRecord): Promise<boolean> {
  for (let told = false; ; ) {
    const current = server.name === '' ? null : await context.servers.byId(server.id);
    if (current?.removeWhenStopped && !told) {
      await deleteForever(context, current);
      told = true;
    }
    const stopped = await forget(context, server, told);
    if (stopped !== 'tell-first') return stopped === 'stopped';
  }
}

/** `tell-first`: its removal was asked for meanwhile, and its spawner does not know yet (P213). */
async function forget(
  context: ServersContext,
  server: ServerRecord,
  told: boolean,
): Promise<'stopped' | 'lost' | 'tell-first'> {
  const transaction = context.unitOfWork.run(null, async () => {
    const stopped = await context.servers.change(
      { id: server.id, fence: server.fence, phase: 'stopping' },
      {
        ...stoppedRow,
        ...(server.failure?.cause === 'stop-failed' ? { failure: null } : {}),
      },
    );
    if (!stopped) return 'lost' as const;
    const removed = stopped.removeWhenStopped && stopped.name !== '';
    if (removed && !told) throw new LostRace();
    await context.credentials.revoke(server);
    if (removed) {
      await context.servers.remove({ id: stopped.id, fence: stopped.fence, phase: 'stopped' });
    }
    tellServer(context.changes, removed ? { id: stopped.id, phase: 'removed' } : stopped);
    context.changes.publish('queue', '');
    return 'stopped' as const;
  });
  return (await LostRace.asNull(transaction)) ?? 'tell-first';
}

/** How long after so many failed tries the next one is made. */
export function secondsToNextStop(tries: number): number {
  return Math.min(longestRetry, firstRetry * 2 ** (tries - 1));
}

/** The error of a start refused because its server is being stopped (R80). */
export function pendingStop(server: ServerRecord): HubError {
  return new HubError('HUB_BAD_REQUEST', `${fullName(server)} is pending stop`);
}

/** How messages name a server: `ada`, or `ada:gpu` (R80). */
export function fullName(server: Pick<ServerRecord, 'userName' | 'name'>): string {
  return server.name === '' ? server.userName : `${server.userName}:${server.name}`;
}
