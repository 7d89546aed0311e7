import type { Actor } from '../kernel/index.ts';
import { tellFailed } from './attempt-end.ts';
import type { ServersContext } from './context.ts';
import { LostRace } from './lost-race.ts';
import { type Failure, launchKey, type ServerRecord } from './server.ts';
import { tellServer } from './server-news.ts';
import { isElsewhere } from './stop-request.ts';
import { stoppedRow } from './stopped-row.ts';

/** Ids of those of these servers whose processes are bound to a machine of which no hub lives. */
export async function unreachableAmong(
  context: ServersContext,
  servers: readonly ServerRecord[],
): Promise<ReadonlySet<number>> {
  const elsewhere = servers.filter((server) => server.phase !== 'stopped' && isElsewhere(context, server));
  if (elsewhere.length === 0) return new Set();
  const hosts = new Set((await context.servers.liveHubs()).map(({ host }) => host));
  return new Set(elsewhere.filter(({ host }) => !hosts.has(host ?? '')).map(({ id }) => id));
}

/**
 * Ends a stop that does not succeed: the server counts as stopped, its token is revoked, and the audit trail and the
 * row say that something of it may still run. For stops that failed and servers nobody can reach; `null` for any
 * other, which is left to its stop.
 */
export async function giveUpStop(
  context: ServersContext,
  server: ServerRecord,
  actor: Actor,
): Promise<ServerRecord | null> {
  const { phase, stopTries, host } = server;
  const failed = phase === 'stopping' && stopTries > 0;
  const isPending = phase === 'starting' || phase === 'ready' || phase === 'stopping';
  const known = context.spawners.has(server.spawner);
  const outOfReach = isPending && (!known || (await unreachableAmong(context, [server])).size > 0);
  if (!failed && !outOfReach) return null;

  const name = { user: server.userName, server: server.name };
  const details = { launch: launchKey(server), spawner: server.spawner, host, stopTries };
  await context.routes.remove(server, AbortSignal.timeout(5_000)).catch((error: unknown) => {
    context.log.warn({ ...name, err: error }, 'route not removed yet'); // the next reconciliation does
  });
  const failure = givenUp(context, server);
  const entry = { actor, action: 'server.give-up', target: `server:${name.user}/${name.server}`, details };
  const stopped = await LostRace.asNull(
    context.unitOfWork.run(entry, async () => {
      const row = await context.servers.change(
        { id: server.id, fence: server.fence, phase },
        { ...stoppedRow, removeWhenStopped: false, failure },
        { raiseFence: true },
      );
      if (!row) throw new LostRace();
      await context.credentials.revoke(server);
      tellServer(context.changes, row);
      context.changes.publish('queue', '');
      return row;
    }),
  );
  if (!stopped) return null;
  context.log.warn({ ...name, ...details }, 'server given up, something of it may still run');
  if (phase === 'starting') tellFailed(context, server, failure);
  return stopped;
}

function givenUp({ clock }: ServersContext, server: ServerRecord): Failure {
  const where = server.host === null ? '' : ` on the machine "${server.host}"`;
  return {
    cause: 'stop-failed',
    message: `The server was given up without having been stopped. Something of it may still run${where}.`,
    hint: `You can start it again. An administrator can look for what is left by its key, ${launchKey(server)}.`,
    messageHtml: null,
    status: 500,
    expected: false,
    reason: 'stop-failed',
    log: null,
    attempt: server.attempt,
    at: clock.now().toISOString(),
  };
}
