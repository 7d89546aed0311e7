import { withDeadline } from '../kernel/index.ts';
import type { JsonValue, RunningServer } from '../plugin/index.ts';
import type { ServersContext } from './context.ts';
import type { ServerRecord } from './server.ts';
import type { SpawnerInstance } from './spawners.ts';
import { runningServer } from './views.ts';

/**
 * Asks a spawner about a server, `seconds` at most. One that ignores its signal is answered without:
 * `pluginOverdue` tells of it once. Rejects with a `DeadlineError`, or with what the spawner threw.
 */
export function askSpawner<T>(
  context: ServersContext,
  spawner: SpawnerInstance,
  server: ServerRecord,
  { call, seconds, outer = null }: { call: string; seconds: number; outer?: AbortSignal | null },
  ask: (running: RunningServer<JsonValue>) => Promise<T>,
): Promise<T> {
  return callSpawner(context, spawner, { call, seconds, outer }, async (signal) =>
    ask(await runningServer(context, server, signal)),
  );
}

/** Like {@link askSpawner}, for calls that are about no single server. */
export function callSpawner<T>(
  context: ServersContext,
  spawner: SpawnerInstance,
  { call, seconds, outer = null }: { call: string; seconds: number; outer?: AbortSignal | null },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const overdue = () => context.events.emit('pluginOverdue', { plugin: spawner.name, call });
  return withDeadline(context.clock, `The call ${call} of ${spawner.name}`, seconds, outer, work, overdue);
}
