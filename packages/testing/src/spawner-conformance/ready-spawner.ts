import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isPluginInstance, type PluginInstance, type Spawner } from '@hub/core/plugin';
import { readyPlugin } from '../ready-plugin.ts';
import type { SpawnerUnderTest } from './suite.ts';

/** What a factory gave, with a plugin made into a driver; another driver of it shares the data folder only. */
export type ReadySubject = Omit<SpawnerUnderTest, 'spawner'> & { readonly spawner: Spawner };

/** Makes a plugin as a hub would, in a data folder of its own; a driver stays what it is. */
export async function readySubject(subject: SpawnerUnderTest): Promise<ReadySubject> {
  const { spawner: given } = subject;
  if (!isPlugin(given)) return { ...subject, spawner: given };
  const dataFolder = await mkdtemp(join(tmpdir(), 'hub-conformance-'));
  const disposes: (() => Promise<void>)[] = [];
  const make = async (): Promise<Spawner> => {
    const { made, dispose } = await readyPlugin(given, { dataFolder });
    disposes.push(() => dispose());
    return made;
  };
  return {
    spawner: await make(),
    again: make,
    ...(subject.again && { again: subject.again }),
    async dispose() {
      for (const dispose of disposes) await dispose();
      await subject.dispose?.();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

function isPlugin(given: Spawner | PluginInstance<Spawner>): given is PluginInstance<Spawner> {
  return isPluginInstance(given);
}
