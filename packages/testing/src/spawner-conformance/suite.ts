import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Awaitable, PluginInstance, Spawner } from '@hub/core/plugin';
import { adoptionCases } from './adoption-cases.ts';
import { awaitCases } from './await-cases.ts';
import { answer, type Bench, type SpawnerCase, type SpawnerSupports } from './bench.ts';
import { type FakeLaunch, fakeLaunch } from './fake-launch.ts';
import { nameCases } from './name-cases.ts';
import { privacyCases } from './privacy-cases.ts';
import { readySubject } from './ready-spawner.ts';
import { startCases } from './start-cases.ts';
import { stopCases } from './stop-cases.ts';
import { trivialServer } from './trivial-server-command.ts';
import { watchCases } from './watch-cases.ts';
import { openWitness } from './witness.ts';

const cases: readonly SpawnerCase[] = [
  ...startCases,
  ...awaitCases,
  ...stopCases,
  ...adoptionCases,
  ...watchCases,
  ...privacyCases,
  ...nameCases,
];

/** A driver ready for use. */
export interface SpawnerUnderTest {
  /** A plugin as it stands in a configuration, or what such a one made. */
  readonly spawner: Spawner | PluginInstance<Spawner>;
  /** A driver made from scratch that shares nothing in memory, as after a restart of the hub. Plugins are made again. */
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
  /** Name of the user whose servers are started, where it must be an account; `ada` unless given. */
  readonly user?: string;
  /** Seconds the suite looks on where nothing must happen; 0.7 unless given. */
  readonly quiet?: number;
}

/**
 * Registers one test per promise a spawner makes (P201–P232, P801–P817, and what the hub relies on beyond). Any
 * runner works. What it cannot do is declared in `supports` and shows as skipped; cases of optional methods that are
 * not there are skipped as well.
 *
 * @example
 * spawnerConformance(it, ({ command }) => ({ spawner: mySpawner({ command: [...command] }) }), { supports: { logs: false } });
 */
export function spawnerConformance(
  it: ConformanceIt,
  factory: SpawnerFactory,
  {
    supports = {},
    witnessHost = '127.0.0.1',
    patience = 15,
    user = 'ada',
    quiet = 0.7,
  }: SpawnerConformanceOptions = {},
): void {
  const options = { witnessHost, patience, user, quiet };
  for (const one of cases) {
    // No parameter by name: some runners would pass a callback and wait for it.
    const run = (...given: readonly unknown[]) => runCase(one, factory, options, given[0]);
    const missing = [one.needs ?? []].flat().find((ability) => supports[ability] === false);
    if (missing === undefined) it(one.name, run);
    else skip(it, `${one.name} [not supported: ${missing}]`, run);
  }
}

function skip(it: ConformanceIt, name: string, run: () => Promise<void>): void {
  if (it.skip) it.skip(name, run);
  else it(name, async () => {});
}

async function runCase(
  one: SpawnerCase,
  factory: SpawnerFactory,
  { witnessHost, patience, user, quiet }: Required<Omit<SpawnerConformanceOptions, 'supports'>>,
  context: unknown,
): Promise<void> {
  await using witness = await openWitness(witnessHost);
  using secret = plantSecret();
  const subject = await readySubject(await factory({ command: one.command ?? trivialServer }));
  const { spawner } = subject;
  const launches: FakeLaunch[] = [];

  const launch: Bench['launch'] = (options) => {
    const made = fakeLaunch({ user, ...options, witness: witness.address });
    launches.push(made);
    return made;
  };
  const bench: Bench = {
    spawner,
    witness,
    patience,
    hubSecret: secret.value,
    trivial: trivialServer,
    launch,
    aWhile: () => sleep(quiet * 1000),
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
    if (one.method && !spawner[one.method]) skipHere(context, one.method);
    else await one.run(bench);
  } finally {
    for (const made of launches) made.abort();
    await Promise.allSettled(launches.map((made) => spawner.stop(made.running(), 'now')));
    await subject.dispose?.();
  }
}

/** Something in the hub's environment that is meant for the hub alone, such as a key. */
function plantSecret(): Disposable & { readonly value: string } {
  const value = randomUUID();
  const name = `HUB_CONFORMANCE_${value}`;
  process.env[name] = value;
  return { value, [Symbol.dispose]: () => void delete process.env[name] };
}

/** A runner whose context can say so shows it as skipped; with others it counts as passed. */
function skipHere(context: unknown, ability: string): void {
  const isThing = (typeof context === 'object' && context !== null) || typeof context === 'function';
  if (!isThing || !('skip' in context) || typeof context.skip !== 'function') return;
  context.skip(`not supported: ${ability}`);
}
