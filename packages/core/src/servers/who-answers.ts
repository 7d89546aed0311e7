import { type JsonValue, type RunningServer, spawnFailure } from '../plugin/index.ts';
import type { ServersContext } from './context.ts';
import type { ServerRecord } from './server.ts';
import { askSpawner } from './spawner-calls.ts';
import type { SpawnerInstance } from './spawners.ts';

/**
 * Something answers at the address of a server: throws unless it is the server, as far as its spawner can tell. A
 * program that took the port while a hub was restarted would otherwise be shown to people as their own server.
 */
export async function requireItself(
  context: ServersContext,
  server: ServerRecord,
  spawner: SpawnerInstance,
  target: string,
  outer: AbortSignal,
): Promise<void> {
  const limit = { call: 'owns', seconds: spawner.options.pollTimeout, outer };
  const ask = async (running: RunningServer<JsonValue>) =>
    (await spawner.driver.owns?.(running, target)) ?? null;
  if ((await askSpawner(context, spawner, server, limit, ask)) !== false) return;
  throw spawnFailure('port-taken', `Another program answers at ${target}, where the server should.`, {
    hint: 'Try again; another port is taken then.',
  });
}
