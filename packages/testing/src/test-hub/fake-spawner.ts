import { setTimeout as delay } from 'node:timers/promises';
import {
  definePlugin,
  type OptionsInput,
  type PluginInstance,
  Spawner,
  spawnerOptions,
} from '@hub/core/plugin';
import type { FakeEngine } from './fake-engine.ts';

const options = { type: 'object', properties: { ...spawnerOptions } } as const;

/** Options every spawner has: timeouts in seconds, scopes, environment. */
export type FakeSpawnerOptions = OptionsInput<typeof options> & {
  /** Servers belong to the hub's machine, as local processes do. */
  readonly hostBound?: boolean;
};

/** A `Spawner` over an engine in memory; the engine's plans say what its servers do. */
export function fakeSpawner(
  engine: FakeEngine,
  { hostBound = false, ...given }: FakeSpawnerOptions = {},
): PluginInstance<Spawner> {
  const plugin = definePlugin({
    name: '@hub/testing/fake-spawner',
    version: '1',
    api: 1,
    provides: Spawner,
    options,
    create: (): Spawner => driver(engine, hostBound),
  });
  return plugin(given);
}

function driver(engine: FakeEngine, hostBound: boolean): Spawner {
  return {
    hostBound,
    async start(launch) {
      const plan = engine.planOf(launch.user.name);
      const heeded = plan.ignoresSignal ? undefined : launch.signal;
      engine.story.push(`start ${launch.key}`);
      for (const event of plan.progress ?? []) launch.progress(event);
      await unlessAborted(plan.beforeSave, heeded);
      if (plan.startAfter) await delay(plan.startAfter, undefined, heeded ? { signal: heeded } : {});
      if (plan.lastWords !== undefined) launch.progress({ message: plan.lastWords });
      if (plan.fails !== undefined) throw plan.fails;
      await launch.saveState({ key: launch.key });
      engine.story.push(`save ${launch.key}`);
      const { origin } = await engine.launch(launch, plan);
      await unlessAborted(plan.afterSave, heeded);
      return origin;
    },
    async poll(server) {
      const found = engine.find(server);
      if (engine.planOf(server.server.owner.name).unknown) throw new Error('the engine does not answer');
      return found ? found.exit : { code: 0, reason: 'Nothing of it is there.' };
    },
    async stop(server) {
      await unlessAborted(engine.planOf(server.server.owner.name).beforeStop, server.signal);
      await engine.stop(server);
    },
    address: async (server) => engine.find(server)?.origin ?? null,
    list: async () => engine.running.map(({ key }) => key),
    async logs(server) {
      const { log = '' } = engine.planOf(server.server.owner.name);
      return typeof log === 'string' ? log : log(engine.find(server)?.environment ?? {});
    },
    async deleteForever({ key }) {
      engine.story.push(`delete ${key}`);
    },
  };
}

async function unlessAborted(wait: Promise<unknown> | undefined, signal: AbortSignal | undefined) {
  if (!wait) return;
  signal?.throwIfAborted();
  const aborted = new Promise<never>((_, reject) => {
    signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
  await Promise.race([wait, aborted]);
}
