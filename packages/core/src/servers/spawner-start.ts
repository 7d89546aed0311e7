import { withDeadline } from '../kernel/index.ts';
import { HubError } from '../plugin/index.ts';
import type { ServersContext } from './context.ts';
import { type LaunchParts, launchContext } from './launch-context.ts';
import type { ServerRecord } from './server.ts';
import { targetOf } from './server-tls.ts';
import type { SpawnerInstance } from './spawners.ts';
import { exitBeforeReady } from './until-ready.ts';

/**
 * Calls the spawner's `start`, within its time, racing the server's reported death. Answers with the row as the
 * spawner's states left it, and with the server's origin.
 */
export async function startServer(
  context: ServersContext,
  parts: LaunchParts,
): Promise<{ launched: ServerRecord; target: string }> {
  const { spawner, server, options } = parts;
  let latest = server;
  const overdue = () => context.events.emit('pluginOverdue', { plugin: spawner.name, call: 'start' });
  const start = withDeadline(
    context.clock,
    `Starting the server of ${server.userName}`,
    spawner.options.startTimeout,
    parts.signal,
    async (signal) => {
      const made = launchContext(context, parts, signal, (row) => {
        latest = row;
      });
      const args = [...options.common.args, ...((await spawner.driver.args?.(made)) ?? [])];
      return spawner.driver.start({ ...made, args });
    },
    overdue,
  );
  const address = await Promise.race([start, exitBeforeReady(parts.exited)]).catch((error: unknown) => {
    start.catch(() => undefined); // its outcome no longer matters, its process is stopped next
    throw error;
  });
  const target = targetOf(originOf(address, spawner), parts.tls !== null);
  return { launched: latest, target };
}

function originOf(address: string, spawner: SpawnerInstance): string {
  try {
    const { protocol, host } = new URL(address);
    if ((protocol === 'http:' || protocol === 'https:') && host !== '') return `${protocol}//${host}`;
  } catch {
    // told below, like any other address that is none
  }
  throw new HubError(
    'HUB_PLUGIN_FAILED',
    `The spawner ${spawner.name} returned "${address}", which is no http address.`,
  );
}
