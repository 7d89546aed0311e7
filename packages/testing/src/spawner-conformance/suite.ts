import type { Awaitable, Spawner } from '@hub/core/plugin';
import { adoptionCases } from './adoption-cases.ts';
import { answer, type Bench, type SpawnerCase, type SpawnerSupports } from './bench.ts';
import { type FakeLaunch, fakeLaunch } from './fake-launch.ts';
import { startCases } from './start-cases.ts';
import { stopCases } from './stop-cases.ts';
import { trivialServer } from './trivial-server-command.ts';
import { openWitness } from './witness.ts';

/** A driver ready for use. */
export interface SpawnerUnderTest {
  readonly spawner: Spawner;
  /** A driver made from scratch that shares nothing in memory, as after a restart of the hub. */
  again?(): Awaitable<Spawner>;
  /** Called when a case is over; its servers have been stopped. */
  dispose?(): Awaitable<void>;
}

/** Makes a driver that launches `command` with `launch.args` behind it. */
export type SpawnerFactory = (setup: { readonly command: readonly string[] }) => Awaitable<SpawnerUnderTest>;

/** `it` of vitest, node:test, mocha, jest and others. */
export type ConformanceIt = ((name: string, run: () => Promise<void>) => unknown) & {
  readonly skip?: (name: string, run: () => Promise<void>) => unknown;
};

/** How the suite is run. */
export interface SpawnerConformanceOptions {
  readonly supports?: SpawnerSupports;
  /** Address of this machine that servers can reach; a loopback one unless given. */
  readonly witnessHost?: string;
  /** Seconds a server may take to run or end; 15 unless given. Slow engines need more. */
  readonly patience?: number;
}

/**
 * Registers one test per promise a spawner makes (P201–P230, and what the hub relies on beyond). Any runner works.
 *
 * @example
 * spawnerConformance(it, ({ command }) => ({ spawner: mySpawner(command) }), { supports: { logs: false } });
 */
export function spawnerConformance(
  it: ConformanceIt,
  factory: SpawnerFactory,
  { supports = {}, witnessHost = '127.0.0.1', patience = 15 }: SpawnerConformanceOptions = {},
): void {
  for (const one of [...startCases, ...stopCases, ...adoptionCases]) {
    const run = () => runCase(one, factory, witnessHost, patience);
    if (one.needs && supports[one.needs] === false) skip(it, one, run);
    else it(one.name, run);
  }
}

function skip(it: ConformanceIt, { name, needs }: SpawnerCase, run: () => Promise<void>): void {
  const reason = `${name} (skipped: ${needs} is not supported)`;
  if (it.skip) it.skip(reason, run);
  else it(reason, async () => {});
}

async function runCase(
  one: SpawnerCase,
  factory: SpawnerFactory,
  host: string,
  patience: number,
): Promise<void> {
  await using witness = await openWitness(host);
  const subject = await factory({ command: one.command ?? trivialServer });
  const { spawner } = subject;
  const launches: FakeLaunch[] = [];

  const launch: Bench['launch'] = (options) => {
    const made = fakeLaunch({ ...options, witness: witness.address });
    launches.push(made);
    return made;
  };
  const bench: Bench = {
    spawner,
    witness,
    patience,
    launch,
    async start(options) {
      const made = launch(options);
      const origin = await spawner.start(made.launch);
      await witness.arrival(made.launch.key, patience);
      await answer(origin, made.launch.server.prefix, patience);
      return Object.assign(made, { origin });
    },
    async again() {
      if (!subject.again)
        throw new Error('The factory gives no `again`: declare `supports: { adoption: false }`.');
      return await subject.again();
    },
  };
  try {
    await one.run(bench);
  } finally {
    await Promise.allSettled(launches.map((made) => spawner.stop(made.running(), 'now')));
    await subject.dispose?.();
  }
}
