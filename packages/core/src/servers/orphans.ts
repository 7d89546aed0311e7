import type { UserView } from '../plugin/index.ts';
import type { ServersContext } from './context.ts';
import { callSpawner } from './spawner-calls.ts';
import type { SpawnerInstance } from './spawners.ts';

/** Stops what runs but belongs to no current attempt: left by a hub that was killed at a bad moment. */
export async function stopOrphans(context: ServersContext): Promise<void> {
  if (!context.leases.fresh) return;
  for (const spawner of context.spawners.all) {
    const { driver, options } = spawner;
    if (!driver.list) continue;
    try {
      const limit = { call: 'list', seconds: options.pollTimeout };
      const keys = await callSpawner(context, spawner, limit, async () => (await driver.list?.()) ?? []);
      if (keys.length === 0) continue;
      const current = await context.servers.currentKeys(keys);
      const orphans = keys.filter((key) => !current.has(key));
      await Promise.all(orphans.map((key) => stopOrphan(context, spawner, key)));
    } catch (error) {
      context.log.warn({ spawner: spawner.id, err: error }, 'orphans could not be looked for');
    }
  }
}

async function stopOrphan(context: ServersContext, spawner: SpawnerInstance, key: string): Promise<void> {
  const { log } = context;
  log.warn({ spawner: spawner.id, key }, 'a server that belongs to no attempt is stopped');
  const [id = key] = key.split('-');
  const server = { id, name: '', displayName: '', owner: nobody, prefix: '', attempt: 0 };
  const limit = { call: 'stop', seconds: spawner.options.stopTimeout };
  try {
    await callSpawner(context, spawner, limit, (signal) =>
      spawner.driver.stop({ key, server, state: null, signal, log }, 'now'),
    );
  } catch (error) {
    log.error({ spawner: spawner.id, key, err: error }, 'an orphan could not be stopped, it is tried again');
  }
}

/** An orphan's row may be gone, and its owner with it. */
const nobody: UserView = {
  id: '0',
  name: '',
  escapedName: '',
  admin: false,
  groups: [],
  created: '1970-01-01T00:00:00Z',
};
