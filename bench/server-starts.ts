import { setTimeout as sleep } from 'node:timers/promises';
import { Agent } from 'undici';
import type { RunningHub } from './contender.ts';
import type { Figures, Measures } from './figures.ts';
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
/** Milliseconds between two looks: rare enough that a stalled hub's queue of connections does not overflow. */
const lookEvery = 50;

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

  const before = await cpuOf(hub);
  const starts = await burst(hub, agent, signal, () =>
    users.map((user) => send('POST', `/users/${user}/server`, [201])),
  );
  const between = await cpuOf(hub);
  const stops = await burst(hub, agent, signal, () =>
    users.map((user) => send('DELETE', `/users/${user}/server`, [204])),
  );
  const after = await cpuOf(hub);

  const startCpu = cpuBetween(before, between);
  const stopCpu = cpuBetween(between, after);
  return {
    startAll: Math.max(...starts.seconds),
    startP50: percentile(starts.seconds, 0.5),
    startP95: percentile(starts.seconds, 0.95),
    startHubCpu: startCpu.hub,
    ...(startCpu.database > 0 && { startDatabaseCpu: startCpu.database }),
    startAllCpu: startCpu.hub + startCpu.database,
    startProxyCpu: startCpu.proxy,
    startHealth: starts.healthP99,
    stopAll: Math.max(...stops.seconds),
    stopP95: percentile(stops.seconds, 0.95),
    stopAllCpu: stopCpu.hub + stopCpu.database,
    stopHealth: stops.healthP99,
    serversCpu: startCpu.ended + stopCpu.ended,
  };
}

interface Burst {
  readonly seconds: readonly number[];
  /** Milliseconds. */
  readonly healthP99: number;
}

/** Sends all requests at once and looks often, meanwhile, how long the hub takes to answer somebody else. */
async function burst(
  hub: RunningHub,
  agent: Agent,
  signal: AbortSignal,
  send: () => readonly Promise<number>[],
): Promise<Burst> {
  const done = new AbortController();
  const health = watchHealth(hub, agent, AbortSignal.any([done.signal, signal]));
  try {
    const seconds = await Promise.all(send());
    done.abort();
    return { seconds, healthP99: percentile(await health, 0.99) };
  } finally {
    done.abort();
    await health.catch(() => undefined);
  }
}

async function watchHealth(hub: RunningHub, agent: Agent, until: AbortSignal): Promise<number[]> {
  const asked: Promise<number>[] = [];
  const { send } = client(hub, agent, AbortSignal.timeout(patience));
  while (!until.aborted) {
    // Not one after the other: a hub that stalls would be asked less often, and look better than it is.
    const answer = send('GET', '/health', [200]);
    answer.catch(() => undefined); // told by `all` below
    asked.push(answer);
    await sleep(lookEvery, undefined, { signal: until }).catch(() => undefined);
  }
  return (await Promise.all(asked)).map((seconds) => seconds * 1_000);
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
