import type { ServersContext } from './context.ts';
import type { ServerRecord } from './server.ts';
import { askSpawner } from './spawner-calls.ts';

/** Tells the spawner that a stopped server's row is about to go for good (P213). Its errors stop nothing. */
export async function deleteForever(context: ServersContext, server: ServerRecord): Promise<void> {
  if (!context.spawners.has(server.spawner)) return;
  const spawner = context.spawners.get(server.spawner);
  const { driver } = spawner;
  if (!driver.deleteForever) return;
  const limit = { call: 'deleteForever', seconds: context.settings.hookTimeout };
  try {
    await askSpawner(context, spawner, server, limit, async (running) => driver.deleteForever?.(running));
  } catch (error) {
    context.log.error({ user: server.userName, server: server.name, err: error }, 'deleteForever failed');
  }
}
