import type { Spawner } from '@hub/core/plugin';
import { spawnerConformance } from '../suite.ts';
import { createEngine, type Engine } from './engine.ts';
import { type State, soundSpawner } from './sound-spawner.ts';

/** A spawner as an exhibit starts from it. */
export type Sound = ReturnType<typeof soundSpawner>;
/** Breaks a sound spawner; called for each driver, so that memory of a driver is its own. */
export type Spoil = (sound: Sound, engine: Engine) => Partial<Spawner<State>>;

/** Names of the cases that such a spawner fails, each with the first line of why. Cases run side by side. */
export async function failuresOf(spoil: Spoil): Promise<Record<string, string>> {
  const cases: [string, () => Promise<void>][] = [];
  spawnerConformance(
    (name, run) => cases.push([name, run]),
    ({ command }) => {
      const engine = createEngine();
      const make = (): Spawner => {
        const sound = soundSpawner(engine, command);
        // Types are what some exhibits break; a state is of the suite's own making.
        return { ...sound, ...spoil(sound, engine) } as unknown as Spawner;
      };
      return {
        spawner: make(),
        again: make,
        dispose() {
          for (const machine of engine.machines.values()) machine.signal('SIGKILL');
        },
      };
    },
    { patience: 3, quiet: 0.1 },
  );
  const failures: Record<string, string> = {};
  const queue = cases.values();
  const worker = async (): Promise<void> => {
    for (const [name, run] of queue) {
      await run().catch((error: Error) => {
        failures[name] = error.message.split('\n')[0] ?? '';
      });
    }
  };
  await Promise.all(Array.from({ length: 10 }, worker));
  return Object.fromEntries(
    cases.flatMap(([name]) => (name in failures ? [[name, failures[name] ?? '']] : [])),
  );
}

/** A spawner with one mistake people make, and all the cases it fails by that: name and part of the message. */
export interface Exhibit {
  readonly mistake: string;
  readonly spoil: Spoil;
  readonly found: Readonly<Record<string, string>>;
}
