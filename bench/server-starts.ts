import { Agent } from 'undici';
import type { RunningHub } from './contender.ts';
import type { Figures, Measures } from './figures.ts';
import { whileWatchingHealth } from './health.ts';
import { cpuBetween, cpuOf } from './processes.ts';
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
  stopAll: { title: 'all servers stopped', unit: 's' },
  stopP95: { title: '  one server stopped, p95', unit: 's' },
  stopAllCpu: { title: '  CPU of hub and database', unit: 's' },
  stopHealth: { title: '  GET /hub/health meanwhile, p99', unit: 'ms' },
  serversCpu: { title: 'CPU of the servers and of launching them', unit: 's' },
} as const satisfies Measures;

/** Milliseconds: longer than either hub waits for a server. */
const patience = 160_000;

/** An administrator asks for `count` servers at once, each for another user, and then for the end of all. */
export async function serverStarts(
  hub: RunningHub,
  { count, signal }: { readonly count: number; readonly signal: AbortSignal },
): Promise<Figures<typeof serverStartMeasures>> {
  await using agent = disposable(
    new Agent({ connect: { timeout: patience }, headersTimeout: patience, bodyTimeout: patience }),
  );
  const users = Array.from({ length: count }, (_, index) => `student-${index + 1}`);
  const { send } = client(hub, agent, signal);
  await send('POST', '/users', [201], { usernames: users });

  const burst = (ask: (user: string) => Promise<number>) =>
    whileWatchingHealth(hub, signal, () => Promise.all(users.map(ask)));
  const before = await cpuOf(hub);
  const starts = await burst((user) => send('POST', `/users/${user}/server`, [201]));
  const between = await cpuOf(hub);
  const stops = await burst((user) => send('DELETE', `/users/${user}/server`, [204]));
  const after = await cpuOf(hub);

  const startCpu = cpuBetween(before, between);
  const stopCpu = cpuBetween(between, after);
  return {
    startAll: Math.max(...starts.result),
    startP50: percentile(starts.result, 0.5),
    startP95: percentile(starts.result, 0.95),
    startHubCpu: startCpu.hub,
    ...(startCpu.database > 0 && { startDatabaseCpu: startCpu.database }),
    startAllCpu: startCpu.hub + startCpu.database,
    startProxyCpu: startCpu.proxy,
    startHealth: starts.healthP99,
    stopAll: Math.max(...stops.result),
    stopP95: percentile(stops.result, 0.95),
    stopAllCpu: stopCpu.hub + stopCpu.database,
    stopHealth: stops.healthP99,
    serversCpu: startCpu.ended + stopCpu.ended,
  };
}

function client(hub: RunningHub, agent: Agent, signal: AbortSignal) {
  const headers = { authorization: `token ${hub.token}`, 'content-type': 'application/json' };
  return {
    /** Resolves to the seconds until the answer was there. */
    async send(method: 'GET' | 'POST' | 'DELETE', path: string, wanted: readonly number[], body?: object) {
      const began = performance.now();
      const answer = await agent.request({
        origin: hub.settings.hubUrl,
        path: `/hub/api${path}`,
        method,
        headers,
        signal,
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await answer.body.text();
      if (!wanted.includes(answer.statusCode))
        throw new Error(`${method} ${path} answered ${answer.statusCode}: ${text.slice(0, 500)}`);
      return (performance.now() - began) / 1_000;
    },
  };
}

function disposable(agent: Agent): Agent & AsyncDisposable {
  return Object.assign(agent, { [Symbol.asyncDispose]: () => agent.destroy() });
}
