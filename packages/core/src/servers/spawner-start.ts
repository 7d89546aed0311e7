import { withDeadline } from '../kernel/index.ts';
import type { ServersContext } from './context.ts';
import { type LaunchParts, launchContext } from './launch-context.ts';
import { originOf } from './origin.ts';
import type { ServerRecord } from './server.ts';
import { targetOf } from './server-tls.ts';
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
  return {
    launched: latest,
    target: targetOf(originOf(address, spawner), parts.tls !== null),
  };
}
