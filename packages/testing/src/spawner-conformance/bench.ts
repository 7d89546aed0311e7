import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Awaitable, Exit, Spawner } from '@hub/core/plugin';
import type { FakeLaunch, FakeLaunchOptions } from './fake-launch.ts';
import type { Witness } from './witness.ts';

/** What a spawner may lack; each is true unless declared false, and then its cases show as skipped. */
export interface SpawnerSupports {
  /** Nothing runs before `saveState` resolved. */
  readonly gate?: boolean;
  /** A command that does not exist is told apart. */
  readonly missingCommand?: boolean;
  readonly progress?: boolean;
  /** An exit is told by `reportExit`, not only by the next poll. */
  readonly exitReport?: boolean;
  /** `poll` knows the real exit status. */
  readonly exitStatus?: boolean;
  /** A server gets a signal and time to end before it is killed. */
  readonly politeStop?: boolean;
  /** `stop` without state finds the server by its key. */
  readonly findByKey?: boolean;
  /** Another driver takes over by state alone; the factory gives `again`. */
  readonly adoption?: boolean;
  readonly list?: boolean;
  readonly logs?: boolean;
  readonly pollAll?: boolean;
}

/** What a case works with. */
export interface Bench {
  readonly spawner: Spawner;
  readonly witness: Witness;
  readonly patience: number;
  /** A launch that is cleaned up when the case is over. */
  launch(options?: Omit<FakeLaunchOptions, 'witness'>): FakeLaunch;
  /** Starts a server and waits until it answers. */
  start(options?: Omit<FakeLaunchOptions, 'witness'>): Promise<FakeLaunch & { readonly origin: string }>;
  again(): Promise<Spawner>;
}

/** One promise of the interface. */
export interface SpawnerCase {
  readonly name: string;
  readonly needs?: keyof SpawnerSupports;
  /** Something else than the trivial server. */
  readonly command?: readonly string[];
  run(bench: Bench): Promise<void>;
}

/** What the trivial server says about itself. */
export interface Answer {
  readonly environment: Readonly<Record<string, string>>;
  readonly arguments: readonly string[];
  readonly folder: string;
}

/** Asks a server until it answers; rejects after `seconds`. */
export async function answer(origin: string, path: string, seconds: number): Promise<Answer> {
  assert.ok(/^https?:/.test(origin) && URL.canParse(origin), `Not an http origin: ${origin}`);
  const end = performance.now() + seconds * 1000;
  for (;;) {
    try {
      const response = await fetch(new URL(path, origin), { signal: AbortSignal.timeout(seconds * 1000) });
      if (response.status !== 200) throw new Error(`${origin}${path} answered ${response.status}.`);
      return (await response.json()) as Answer;
    } catch (error) {
      if (performance.now() > end) throw error;
      await sleep(50);
    }
  }
}

/** Waits until `look` finds something; rejects after `seconds`. */
export async function eventually<T>(
  what: string,
  seconds: number,
  look: () => Awaitable<T | null>,
): Promise<T> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (performance.now() > end) throw new Error(`${what}: not within ${seconds} s.`);
    await sleep(20);
  }
}

/** Polls until the server is found dead. */
export function death(spawner: Spawner, made: FakeLaunch, seconds: number): Promise<Exit> {
  return eventually('poll tells the exit', seconds, () => spawner.poll(made.running()));
}
