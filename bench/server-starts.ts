import type { RunningHub } from './contender.ts';
import type { Figures, Measures } from './figures.ts';
import { whileWatchingHealth } from './health.ts';
import { cpuBetween, cpuOf, memoryOf } from './processes.ts';
import { serverRequests } from './server-requests.ts';
import { percentile } from './statistics.ts';

export const serverStartMeasures = {
  startAll: { title: 'all servers ready', unit: 's' },
  startP50: { title: '  one server ready, p50', unit: 's' },
  startP95: { title: '  one server ready, p95', unit: 's' },
  startHubCpu: { title: '  CPU of the hub', unit: 's' },
  startDatabaseCpu: { title: '  CPU of PostgreSQL', unit: 's' },
  startAllCpu: { title: '  CPU of hub and database', unit: 's' },
  startProxyCpu: { title: '  CPU of the proxy', unit: 's' },
  startHealth: { title: '  GET /hub/health meanwhile, p99', unit: 'ms' },
  memory: { title: 'memory of hub and database with all running (PSS)', unit: 'MB' },
  stopAll: { title: 'all servers stopped', unit: 's' },
  stopP95: { title: '  one server stopped, p95', unit: 's' },
  stopHubCpu: { title: '  CPU of the hub', unit: 's' },
  stopAllCpu: { title: '  CPU of hub and database', unit: 's' },
  stopHealth: { title: '  GET /hub/health meanwhile, p99', unit: 'ms' },
  serversCpu: { title: 'CPU of the servers and of launching them', unit: 's' },
  againStartAll: { title: 'the same once more: all servers ready', unit: 's' },
  againStartHubCpu: { title: '  CPU of the hub', unit: 's' },
  againStartCpu: { title: '  CPU of hub and database', unit: 's' },
  againStartHealth: { title: '  GET /hub/health meanwhile, p99', unit: 'ms' },
  againStopHubCpu: { title: '  CPU of the hub for the stops', unit: 's' },
  againStopCpu: { title: '  CPU of hub and database for the stops', unit: 's' },
} as const satisfies Measures;

/**
 * An administrator asks for `count` servers at once, each for another user, and then for the end of all. With `again`
 * that is done twice: programs that have just started have much to compile and to load.
 */
export async function serverStarts(
  hub: RunningHub,
  { count, again, signal }: { readonly count: number; readonly again: boolean; readonly signal: AbortSignal },
): Promise<Figures<typeof serverStartMeasures>> {
  await using requests = serverRequests(hub, signal);
  const users = await requests.createUsers(count);
  const first = await startAndStop(hub, { users, requests, signal });
  const second = again ? await startAndStop(hub, { users, requests, signal }) : null;
  return {
    ...first,
    ...(second && {
      againStartAll: second.startAll,
      againStartHubCpu: second.startHubCpu,
      againStartCpu: second.startAllCpu,
      againStartHealth: second.startHealth,
      againStopHubCpu: second.stopHubCpu,
      againStopCpu: second.stopAllCpu,
    }),
  };
}

interface Round {
  readonly users: readonly string[];
  readonly requests: ReturnType<typeof serverRequests>;
  readonly signal: AbortSignal;
}

async function startAndStop(hub: RunningHub, { users, requests, signal }: Round) {
  const burst = (ask: (user: string) => Promise<number>) =>
    whileWatchingHealth(hub, signal, () => Promise.all(users.map(ask)));
  const before = await cpuOf(hub);
  const starts = await burst(requests.start);
  const between = await cpuOf(hub);
  const memory = await memoryOf(hub);
  const beforeStops = await cpuOf(hub);
  const stops = await burst(requests.stop);
  const after = await cpuOf(hub);

  const startCpu = cpuBetween(before, between);
  const stopCpu = cpuBetween(beforeStops, after);
  return {
    startAll: Math.max(...starts.result),
    startP50: percentile(starts.result, 0.5),
    startP95: percentile(starts.result, 0.95),
    startHubCpu: startCpu.hub,
    ...(startCpu.database > 0 && { startDatabaseCpu: startCpu.database }),
    startAllCpu: startCpu.hub + startCpu.database,
    startProxyCpu: startCpu.proxy,
    startHealth: starts.healthP99,
    memory: (memory.hub + memory.database) / 1e6,
    stopAll: Math.max(...stops.result),
    stopP95: percentile(stops.result, 0.95),
    stopHubCpu: stopCpu.hub,
    stopAllCpu: stopCpu.hub + stopCpu.database,
    stopHealth: stops.healthP99,
    serversCpu: startCpu.ended + stopCpu.ended,
  };
}
