// Measures JupyterHub and this hub on the same machine, one after the other. `--help` tells the options.
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { coldStartMeasures, coldStarts } from './cold-start.ts';
import { type Contender, labServer, root, startHub } from './contender.ts';
import type { Measures, PartResult } from './figures.ts';
import { jupyterHub } from './jupyterhub.ts';
import { manyRunning, manyRunningMeasures } from './many-running.ts';
import { memoryFigures, memoryMeasures } from './memory.ts';
import { type BenchOptions, type PartName, partName, readOptions, usage } from './options.ts';
import { endProcessesBelow, memoryOf } from './processes.ts';
import { machineFacts, machineText, table } from './report.ts';
import { restCalls, restMeasures } from './rest-calls.ts';
import { serverStartMeasures, serverStarts } from './server-starts.ts';
import { thisHub } from './this-hub.ts';
import { tokenCheckMeasures, tokenChecks } from './token-checks.ts';

type AnyFigures = Readonly<Partial<Record<string, number>>>;
type Results = Map<string, ReadonlyMap<Contender, AnyFigures>>;

const longest = 1_500_000;

try {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') console.log(usage);
  else await bench(options);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}

async function bench(options: BenchOptions): Promise<void> {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => stop.abort(new Error(`ended by ${name}`)));
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(longest)]);

  const profile = options.profile === null ? null : path.resolve(options.profile);
  const flags = profile === null ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const both = [jupyterHub, thisHub([...process.execArgv, ...flags])];
  const contenders = both.filter(({ name }) => options.contender === null || options.contender === name);
  const machine = machineFacts(path.join(root, '.venv/bin/python'));
  console.log(`${machineText(machine)}\n`);

  const folder = await mkdtemp(path.join(os.tmpdir(), 'hub-bench-'));
  await chmod(folder, 0o755); // PostgreSQL runs under an account of its own when the hub is root
  let failed = true;
  try {
    const results: Results = new Map();
    if (options.parts.has('cold'))
      results.set('cold', await coldStarts(contenders, { runs: options.coldRuns, folder, signal }));
    for (const contender of contenders) await measureRunning(contender, { options, folder, signal, results });
    // Each of these wants a hub of its own.
    const apart = {
      lab: (contender, own) => labStarts(contender, { folder: own, count: options.labs, signal }),
      running: (contender, own) => manyRunning(contender, { folder: own, sizes: options.running, signal }),
      rest: (contender, own) => restCalls(contender, { folder: own, sizes: options.rest, signal }),
    } satisfies Partial<Record<PartName, ApartPart>>;
    for (const [part, measure] of Object.entries(apart)) {
      if (!options.parts.has(partName(part))) continue;
      const byContender = new Map<Contender, AnyFigures>();
      for (const contender of contenders) {
        const own = path.join(folder, `${part}-${contender.name}`);
        await mkdir(own);
        byContender.set(contender, await measure(contender, own));
      }
      results.set(part, byContender);
    }
    const parts = describe(results, options);
    console.log(Object.values(parts).map(table).join('\n\n'));
    const titles = Object.fromEntries(contenders.map(({ name, title }) => [name, title]));
    if (options.json !== null)
      await writeFile(
        options.json,
        `${JSON.stringify({ date: new Date().toISOString(), machine, contenders: titles, parts }, null, 2)}\n`,
      );
    failed = false;
  } finally {
    await endProcessesBelow(folder);
    if (failed) console.error(`logs are kept in ${folder}`);
    else await rm(folder, { recursive: true, force: true });
  }
}

type ApartPart = (contender: Contender, folder: string) => Promise<AnyFigures>;

async function labStarts(
  contender: Contender,
  {
    folder,
    count,
    signal,
  }: { readonly folder: string; readonly count: number; readonly signal: AbortSignal },
): Promise<AnyFigures> {
  await using hub = await startHub(contender, folder, signal, { command: labServer });
  return await serverStarts(hub, { count, again: false, signal });
}

interface Run {
  readonly options: BenchOptions;
  readonly folder: string;
  readonly signal: AbortSignal;
  readonly results: Results;
}

/** All that is measured on a hub that runs. */
async function measureRunning(
  contender: Contender,
  { options, folder, signal, results }: Run,
): Promise<void> {
  const { parts, through, tokenSeconds, servers } = options;
  if (!(parts.has('tokens') || parts.has('servers') || parts.has('memory'))) return;
  const own = path.join(folder, contender.name);
  await mkdir(own);
  await using hub = await startHub(contender, own, signal);
  const note = (part: string, figures: AnyFigures) =>
    results.set(part, new Map([...(results.get(part) ?? []), [contender, figures]]));

  const idle = await memoryOf(hub);
  if (parts.has('tokens')) note('tokens', await tokenChecks(hub, { seconds: tokenSeconds, through, signal }));
  if (parts.has('servers')) note('servers', await serverStarts(hub, { count: servers, again: true, signal }));
  if (parts.has('memory')) note('memory', memoryFigures(idle, await memoryOf(hub)));
}

function describe(
  results: Results,
  { through, servers, labs, running }: BenchOptions,
): Record<string, PartResult> {
  const about: Record<string, { readonly title: string; readonly measures: Measures }> = {
    cold: { title: 'Cold start, GET /hub/api through the proxy', measures: coldStartMeasures },
    tokens: {
      title: `GET /hub/api/user with a token, 32 connections, ${through === 'hub' ? "at the hub's own port" : 'through the proxy'}`,
      measures: tokenCheckMeasures,
    },
    servers: { title: `${servers} servers asked for at once`, measures: serverStartMeasures },
    memory: { title: 'Memory (PSS)', measures: memoryMeasures },
    lab: { title: `${labs} JupyterLabs asked for at once`, measures: serverStartMeasures },
    running: {
      title: `Many running servers, looked at every ${running.pollInterval} s`,
      measures: manyRunningMeasures,
    },
    rest: { title: 'REST calls of a large hub', measures: restMeasures },
  };
  return Object.fromEntries(
    [...results].flatMap(([name, byContender]) => {
      const part = about[name];
      if (!part) return [];
      const of = (wanted: string) =>
        [...byContender].find(([contender]) => contender.name === wanted)?.[1] ?? {};
      return [[name, { ...part, figures: { jupyterhub: of('jupyterhub'), hub: of('hub') } }]];
    }),
  );
}
