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
  /** The option `command` may differ by launch: the spawner asks `launch.resolve`. */
  readonly options?: boolean;
  /** A stop gives up when its signal says so. */
  readonly deadlines?: boolean;
  /** `logs` still has what a server said that has ended. */
  readonly logsAfterEnd?: boolean;
}

type LaunchOptions = Omit<FakeLaunchOptions, 'witness'>;

/** A server that was started, and where it answers. */
export type Started = FakeLaunch & { readonly origin: string };

/** What a case works with. */
export interface Bench {
  readonly spawner: Spawner;
  readonly witness: Witness;
  /** Seconds something may take that must happen. */
  readonly patience: number;
  /** What no server may see: it stands in the environment of the hub. */
  readonly hubSecret: string;
  /** The command of the trivial server. */
  readonly trivial: readonly string[];
  /** A launch that is cleaned up when the case is over. */
  launch(options?: LaunchOptions): FakeLaunch;
  /** Starts a server and waits until it answers. */
  start(options?: LaunchOptions): Promise<Started>;
  /** Another driver, as after a restart of the hub. */
  again(): Promise<Spawner>;
  /** Waits for nothing, long enough for a server to betray that it runs when it must not. */
  aWhile(): Promise<void>;
}

/** One promise of the interface. */
export interface SpawnerCase {
  readonly name: string;
  readonly needs?: keyof SpawnerSupports | readonly (keyof SpawnerSupports)[];
  /** An optional method it is about; without that the case is skipped. */
  readonly method?: keyof Spawner;
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

/** The witness hears of an end a moment after it. */
export async function gone({ witness }: Bench, { launch }: FakeLaunch): Promise<void> {
  await eventually('the server is gone', 1, () => witness.running(launch.key) === 0 || null);
}

/** Nothing runs, and nothing begins to. */
export async function staysAway({ witness, aWhile }: Bench, { launch }: FakeLaunch): Promise<void> {
  await aWhile();
  // The witness hears of an end a moment after it.
  for (const limit = performance.now() + 1_000; witness.running(launch.key) > 0; await sleep(20)) {
    assert.ok(performance.now() < limit, 'The server runs.');
  }
}

/** How `work` ends; fails with `late` when it does not. */
export async function settled<T>(
  work: Promise<T>,
  seconds: number,
  late: string,
): Promise<PromiseSettledResult<T>> {
  const tooLate = sleep(seconds * 1000, null, { ref: false });
  const result = await Promise.race([Promise.allSettled([work]), tooLate]);
  assert.ok(result, late);
  return result[0];
}

/** A cancelled start gives up in time. */
export async function givesUp({ patience }: Bench, start: Promise<unknown>): Promise<void> {
  const { status } = await settled(start, patience, 'The start still waits though it was cancelled.');
  assert.equal(status, 'rejected', 'The start went on after it was cancelled.');
}

/** Asks the server to end by itself. */
export async function end({ patience }: Bench, { origin, launch }: Started, code: number): Promise<void> {
  await answer(origin, `${launch.server.prefix}?exit=${code}`, patience);
}
