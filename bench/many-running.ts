import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from 'undici';
import { type Contender, logOf, type RunningHub, startHub } from './contender.ts';
import type { Figures, Measures } from './figures.ts';
import { cpuBetween, cpuOf, memoryOf } from './processes.ts';
import { serverRequests } from './server-requests.ts';

export const manyRunningMeasures = {
  servers: { title: 'running servers', unit: '', isSize: true },
  start: { title: 'all ready, 50 asked for at a time', unit: 's' },
  startCpu: { title: '  CPU of hub and database, each', unit: 'ms' },
  idleShare: { title: 'CPU share before the first start, of a core', unit: '%' },
  hubShare: { title: 'CPU share with all running, of a core: the hub', unit: '%' },
  databaseShare: { title: '  PostgreSQL', unit: '%' },
  allShare: { title: '  hub and database', unit: '%' },
  memory: { title: 'memory of hub and database (PSS)', unit: 'MB' },
  ready: { title: 'restart to ready', unit: 's' },
  routes: { title: '  until the proxy has all routes', unit: 's' },
  polled: { title: '  until every server was looked at', unit: 's' },
  restartCpu: { title: '  CPU of hub and database until then', unit: 's' },
} as const satisfies Measures;

/** Sizes of this part. */
export interface ManyRunningSizes {
  readonly servers: Readonly<Record<Contender['name'], number>>;
  /** Seconds between two looks at a server. */
  readonly pollInterval: number;
}

const asksAtOnce = 50;
/** Poll intervals the CPU share is taken over. */
const intervals = 2;
/** Milliseconds between two questions whether a restart is over. */
const lookEvery = 50;
const restartWithin = 180_000;

/** Starts many trivial servers, watches what looking after them costs, and restarts the hub while they go on. */
export async function manyRunning(
  contender: Contender,
  {
    folder,
    sizes,
    signal,
  }: { readonly folder: string; readonly sizes: ManyRunningSizes; readonly signal: AbortSignal },
): Promise<Figures<typeof manyRunningMeasures>> {
  const { pollInterval } = sizes;
  const servers = sizes.servers[contender.name];
  const start = () => startHub(contender, folder, signal, { keepServers: true, pollInterval });

  await using hub = await start();
  const idle = await shares(hub, pollInterval, signal);
  const started = await startAll(hub, servers, signal);
  await sleep(pollInterval * 1000, undefined, { signal }); // until the looks are spread out as they stay
  const busy = await shares(hub, pollInterval * intervals, signal);
  const memory = await memoryOf(hub);
  await hub.end();

  const told = (await readFile(logOf(folder), 'utf8')).length;
  const began = performance.now();
  const seconds = () => (performance.now() - began) / 1000;
  await using again = await start();
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(restartWithin)]);
  const [routes, polled] = await Promise.all([
    untilTrue(async () => (await routesOf(again)) >= servers, deadline).then(seconds),
    untilTrue(async () => (await looksOver(again, told)) >= servers, deadline).then(seconds),
  ]);
  const restart = await cpuOf(again);
  return {
    servers,
    start: started.seconds,
    startCpu: (started.cpu * 1000) / servers,
    idleShare: idle.hub + idle.database,
    hubShare: busy.hub,
    ...(busy.database > 0 && { databaseShare: busy.database }),
    allShare: busy.hub + busy.database,
    memory: (memory.hub + memory.database) / 1e6,
    ready: again.secondsToReady,
    routes,
    polled,
    restartCpu: restart.hub + restart.database + restart.ended,
  };
}

async function startAll(hub: RunningHub, count: number, signal: AbortSignal) {
  await using requests = serverRequests(hub, signal);
  const waiting = await requests.createUsers(count);
  const began = performance.now();
  const before = await cpuOf(hub);
  const worker = async () => {
    for (let user = waiting.pop(); user !== undefined; user = waiting.pop()) await requests.start(user);
  };
  await Promise.all(Array.from({ length: asksAtOnce }, worker));
  const cpu = cpuBetween(before, await cpuOf(hub));
  return { seconds: (performance.now() - began) / 1000, cpu: cpu.hub + cpu.database };
}

/** Percent of one core, over some seconds in which nobody asks for anything. */
async function shares(hub: RunningHub, seconds: number, signal: AbortSignal) {
  const began = performance.now();
  const before = await cpuOf(hub);
  await sleep(seconds * 1000, undefined, { signal });
  const cpu = cpuBetween(before, await cpuOf(hub));
  const percent = (used: number) => (used * 100_000) / (performance.now() - began);
  return { hub: percent(cpu.hub), database: percent(cpu.database) };
}

/** Routes of servers, as the proxy tells them. */
async function routesOf({ settings }: RunningHub): Promise<number> {
  const { statusCode, body } = await request(`${settings.proxyApiUrl}/api/routes`, {
    headers: { authorization: `token ${settings.proxyToken}` },
  });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`the proxy answered ${statusCode}: ${text.slice(0, 200)}`);
  return Object.keys(JSON.parse(text)).filter((route) => route.startsWith('/user/')).length;
}

/** How many servers a hub that was started says it has looked at; both say so once, when they did. */
async function looksOver({ contender, settings }: RunningHub, from: number): Promise<number> {
  const log = (await readFile(logOf(settings.folder), 'utf8')).slice(from);
  return Number(contender.saysLookedAt.exec(log)?.[1] ?? -1);
}

async function untilTrue(isSo: () => Promise<boolean>, signal: AbortSignal): Promise<void> {
  while (!(await isSo())) await sleep(lookEvery, undefined, { signal });
}
