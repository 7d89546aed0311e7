import { databaseNow } from '../kernel/index.ts';
import { type Exit, spawnFailure } from '../plugin/index.ts';
import { tellFailed } from './attempt-end.ts';
import type { Attempts } from './attempts.ts';
import type { ServersContext } from './context.ts';
import { describeFailure } from './failure.ts';
import type { ServerRecord } from './server.ts';
import { tellServer } from './server-news.ts';
import { targetOf } from './server-tls.ts';
import { askSpawner } from './spawner-calls.ts';
import { withoutLaunch } from './stopped-row.ts';

const mostTakeOvers = 3;

/**
 * Takes over starts and stops whose hub is gone (design section 5, "Take-over of a start"). A start whose server
 * runs at a known address goes on; any other is cleaned up and queued again at its old place.
 */
export async function takeOver(context: ServersContext, attempts: Attempts): Promise<number> {
  if (!context.leases.fresh) return 0;
  const all = context.spawners.all;
  const claimed = await context.servers.claimAbandoned({
    owner: context.run.id,
    host: context.run.host,
    spawners: all.map(({ id }) => id),
    hostBound: all.filter(({ driver }) => driver.hostBound).map(({ id }) => id),
  });
  for (const server of claimed) {
    context.log.warn(
      { user: server.userName, server: server.name, phase: server.phase },
      'taken over from a hub that is gone',
    );
    if (server.phase === 'stopping') void attempts.stop(server);
    else goOnWithStart(context, attempts, server);
  }
  return claimed.length;
}

/** Carries on with a server this hub owns in `starting`, of whose launch nothing is in memory here. */
export function goOnWithStart(context: ServersContext, attempts: Attempts, server: ServerRecord): void {
  const work = continueStart(context, attempts, server).catch((error: unknown) => {
    // Still `starting` and ours in the row: looked at again in a moment.
    context.log.error({ user: server.userName, server: server.name, err: error }, 'take-over interrupted');
  });
  attempts.hold(server.id, work);
}

async function continueStart(
  context: ServersContext,
  attempts: Attempts,
  server: ServerRecord,
): Promise<void> {
  const target = server.state === null ? null : await whereItRuns(context, server);
  if (target !== null) {
    attempts.resume(server, target);
    return;
  }
  if (server.takeOvers >= mostTakeOvers) {
    await giveUp(context, attempts, server);
    return;
  }
  await queueAgain(context, attempts, server);
}

/** The address of a launched server, if it runs. */
async function whereItRuns(context: ServersContext, server: ServerRecord): Promise<string | null> {
  const spawner = context.spawners.get(server.spawner);
  const { driver, options } = spawner;
  const limit = { call: 'poll', seconds: options.pollTimeout };
  return askSpawner(context, spawner, server, limit, async (running) => {
    const exit: Exit | null = await driver.poll(running);
    if (exit) return null;
    if (server.target !== null) return server.target;
    const address = (await driver.address?.(running)) ?? null;
    return address === null ? null : targetOf(address, context.tls !== null);
  });
}

/** Nothing of the attempt may stay behind before the next one begins. */
async function queueAgain(context: ServersContext, attempts: Attempts, server: ServerRecord): Promise<void> {
  const spawner = context.spawners.get(server.spawner);
  try {
    await context.leases.whenFresh(AbortSignal.timeout(30_000));
    const limit = { call: 'stop', seconds: spawner.options.stopTimeout };
    await askSpawner(context, spawner, server, limit, (running) => spawner.driver.stop(running, 'now'));
  } catch (error) {
    context.log.error(
      { user: server.userName, server: server.name, err: error },
      'an interrupted start could not be cleaned up',
    );
    await giveUp(context, attempts, server);
    return;
  }
  const queued = await context.unitOfWork.run(null, async () => {
    const queued = await context.servers.change(
      { id: server.id, fence: server.fence, phase: 'starting' },
      {
        ...withoutLaunch,
        phase: 'queued',
        attempt: server.attempt + 1,
        takeOvers: server.takeOvers + 1,
      },
      { raiseFence: true },
    );
    if (!queued) return null;
    await context.credentials.revoke(server);
    await context.servers.appendEvents(queued, 0, [
      { progress: 0, message: 'Server requested' },
      { progress: 0, message: 'The hub was restarted; the start begins again' },
    ]);
    tellServer(context.changes, queued);
    context.changes.publish('queue', '');
    return queued;
  });
  if (queued) tellFailed(context, server, { reason: 'interrupted', expected: false });
}

async function giveUp(context: ServersContext, attempts: Attempts, server: ServerRecord): Promise<void> {
  const error = spawnFailure('interrupted', 'The start was interrupted and could not be carried on.', {
    hint: 'Try again. If it keeps happening, the hub itself is being restarted: tell an administrator.',
  });
  const now = context.clock.now().toISOString();
  const failure = describeFailure(error, { attempt: server.attempt, now, log: null });
  const stopping = await context.servers.change(
    { id: server.id, fence: server.fence, phase: 'starting' },
    { phase: 'stopping', stoppingAt: databaseNow, failure },
  );
  if (stopping) {
    tellFailed(context, server, failure);
    tellServer(context.changes, stopping);
    await attempts.stop(stopping);
  }
}
