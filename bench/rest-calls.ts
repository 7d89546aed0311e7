import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Dispatcher, Pool } from 'undici';
import { type Contender, type People, type RunningHub, startHub } from './contender.ts';
import type { Figures, Measures } from './figures.ts';
import { whileWatchingHealth } from './health.ts';
import { cpuBetween, cpuOf, memoryOf } from './processes.ts';
import { percentile } from './statistics.ts';

export const restMeasures = {
  users: { title: 'users', unit: '', isSize: true },
  servers: { title: 'running servers', unit: '', isSize: true },
  restart: { title: 'restart to ready', unit: 's' },
  restartCpu: { title: '  CPU of hub and database', unit: 's' },
  pageP50: { title: 'GET /users?limit=200, p50', unit: 'ms' },
  pageP99: { title: '  p99', unit: 'ms' },
  pageCpu: { title: '  CPU of hub and database, each', unit: 'ms' },
  pageHealth: { title: '  GET /hub/health meanwhile, p99', unit: 'ms' },
  searchP50: { title: 'GET /users?name_filter=…, p50', unit: 'ms' },
  searchCpu: { title: '  CPU of hub and database, each', unit: 'ms' },
  oneP50: { title: 'GET /users/{name}, p50', unit: 'ms' },
  oneCpu: { title: '  CPU of hub and database, each', unit: 'ms' },
  selfP50: { title: 'GET /user, p50', unit: 'ms' },
  selfCpu: { title: '  CPU of hub and database, each', unit: 'ms' },
  activityP99: { title: 'POST /users/{name}/activity, 200/s, p99', unit: 'ms' },
  activityHubCpu: { title: '  CPU of the hub, each', unit: 'ms' },
  activityDatabaseCpu: { title: '  CPU of PostgreSQL, each', unit: 'ms' },
  activityCpu: { title: '  CPU of hub and database, each', unit: 'ms' },
  activityCores: { title: '  cores of hub and database', unit: 'cores' },
  activityHealth: { title: '  GET /hub/health meanwhile, p99', unit: 'ms' },
  create: { title: 'POST /users, 1,000 new ones', unit: 's' },
  createCpu: { title: '  CPU of hub and database, each user', unit: 'ms' },
  createHealth: { title: '  GET /hub/health meanwhile, p99', unit: 'ms' },
  memory: { title: 'memory of hub and database (PSS)', unit: 'MB' },
} as const satisfies Measures;

/** Sizes of this part. */
export interface RestSizes {
  readonly people: Readonly<Record<Contender['name'], Omit<People, 'target'>>>;
  /** Length of each kind of call. */
  readonly seconds: number;
}

const reportsPerSecond = 200;
const newUsers = 1_000;

/** Fills a hub, restarts it, and asks what administrators, services and servers ask of a large one. */
export async function restCalls(
  contender: Contender,
  {
    folder,
    sizes,
    signal,
  }: { readonly folder: string; readonly sizes: RestSizes; readonly signal: AbortSignal },
): Promise<Figures<typeof restMeasures>> {
  await using server = await tinyServer();
  const people = { ...sizes.people[contender.name], target: server.origin };
  await fill(contender, folder, people, signal);

  await using hub = await startHub(contender, folder, signal, { rowsForServers: true });
  const started = await cpuOf(hub);
  const ask = caller(hub, signal);
  const repeated = (next: () => Call) => oneAfterTheOther(hub, sizes.seconds, () => ask.send(next()));
  const someone = (among: number) => `student-${1 + Math.floor(Math.random() * among)}`;

  try {
    await repeated(() => page(people.users)); // both are quicker when they are warm
    const pages = await whileWatchingHealth(hub, signal, () => repeated(() => page(people.users)));
    const search = await repeated(() => get(`/users?limit=200&name_filter=${someone(people.users)}`));
    const one = await repeated(() => get(`/users/${someone(people.users)}`));
    const self = await repeated(() => get('/user'));
    const activity = await whileWatchingHealth(hub, signal, () =>
      steadily(hub, sizes.seconds, () => ask.send(report(someone(people.servers)))),
    );
    const creation = await whileWatchingHealth(hub, signal, () => measured(hub, () => ask.send(creating())));
    const memory = await memoryOf(hub);
    return {
      users: people.users,
      servers: people.servers,
      restart: hub.secondsToReady,
      restartCpu: started.hub + started.database + started.ended,
      pageP50: percentile(pages.result.times, 0.5),
      pageP99: percentile(pages.result.times, 0.99),
      pageCpu: pages.result.cpuEach,
      pageHealth: pages.healthP99,
      searchP50: percentile(search.times, 0.5),
      searchCpu: search.cpuEach,
      oneP50: percentile(one.times, 0.5),
      oneCpu: one.cpuEach,
      selfP50: percentile(self.times, 0.5),
      selfCpu: self.cpuEach,
      activityP99: percentile(activity.result.times, 0.99),
      activityHubCpu: activity.result.hubCpuEach,
      ...(activity.result.databaseCpuEach > 0 && { activityDatabaseCpu: activity.result.databaseCpuEach }),
      activityCpu: activity.result.cpuEach,
      activityCores: activity.result.cores,
      activityHealth: activity.healthP99,
      create: creation.result.seconds,
      createCpu: (creation.result.cpuSeconds * 1_000) / newUsers,
      createHealth: creation.healthP99,
      memory: (memory.hub + memory.database) / 1e6,
    };
  } finally {
    await ask.close();
  }
}

/** A first start makes the database; its people are written into it by SQL, and the hub is stopped. */
async function fill(
  contender: Contender,
  folder: string,
  people: People,
  signal: AbortSignal,
): Promise<void> {
  const settings = await (async () => {
    await using hub = await startHub(contender, folder, signal, { rowsForServers: true });
    if (contender.insertsInto === 'running') await contender.insertPeople(hub.settings, people);
    return hub.settings;
  })();
  if (contender.insertsInto === 'stopped') await contender.insertPeople(settings, people);
}

interface Call {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly wanted: number;
  readonly body?: object;
}

const get = (path: string): Call => ({ method: 'GET', path, wanted: 200 });

function page(users: number): Call {
  const pages = Math.max(1, Math.floor(users / 200));
  return get(`/users?limit=200&offset=${200 * Math.floor(Math.random() * pages)}`);
}

/** What a server says every few minutes. */
function report(user: string): Call {
  const at = new Date().toISOString();
  const body = { servers: { '': { last_activity: at } }, last_activity: at };
  return { method: 'POST', path: `/users/${user}/activity`, wanted: 200, body };
}

function creating(): Call {
  const usernames = Array.from({ length: newUsers }, (_, index) => `freshman-${index + 1}`);
  return { method: 'POST', path: '/users', wanted: 201, body: { usernames } };
}

/** Sends calls over at most 32 connections; each resolves to the milliseconds until its answer was there. */
function caller(hub: RunningHub, signal: AbortSignal) {
  const options: Pool.Options = { connections: 32, headersTimeout: 160_000, bodyTimeout: 160_000 };
  const pool: Dispatcher = new Pool(hub.settings.hubUrl, options);
  const headers = { authorization: `token ${hub.token}`, 'content-type': 'application/json' };
  return {
    async send({ method, path: below, wanted, body }: Call): Promise<number> {
      const began = performance.now();
      const answer = await pool.request({
        method,
        path: path.posix.join('/hub/api', below),
        headers,
        signal,
        ...(body && { body: JSON.stringify(body) }),
      });
      const text = await answer.body.text();
      if (answer.statusCode !== wanted)
        throw new Error(`${method} ${below} answered ${answer.statusCode}: ${text.slice(0, 500)}`);
      return performance.now() - began;
    },
    close: () => pool.destroy(),
  };
}

interface Measured<T> {
  readonly result: T;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly hubSeconds: number;
  readonly databaseSeconds: number;
}

async function measured<T>(hub: RunningHub, work: () => Promise<T>): Promise<Measured<T>> {
  const before = await cpuOf(hub);
  const began = performance.now();
  const result = await work();
  const seconds = (performance.now() - began) / 1_000;
  const { hub: hubSeconds, database: databaseSeconds } = cpuBetween(before, await cpuOf(hub));
  return { result, seconds, hubSeconds, databaseSeconds, cpuSeconds: hubSeconds + databaseSeconds };
}

async function oneAfterTheOther(hub: RunningHub, seconds: number, send: () => Promise<number>) {
  return perCall(
    await measured(hub, async () => {
      const times: number[] = [];
      for (const until = performance.now() + seconds * 1_000; performance.now() < until; )
        times.push(await send());
      return times;
    }),
  );
}

/** Sends at a fixed rate, whether answers come or not, and waits for all of them. */
async function steadily(hub: RunningHub, seconds: number, send: () => Promise<number>) {
  return perCall(
    await measured(hub, async () => {
      const began = performance.now();
      const sent: Promise<number>[] = [];
      for (let nr = 0; nr < seconds * reportsPerSecond; nr++) {
        const due = began + (nr * 1_000) / reportsPerSecond - performance.now();
        if (due > 0) await sleep(due);
        const answer = send();
        answer.catch(() => undefined); // told by `all` below
        sent.push(answer);
      }
      return Promise.all(sent);
    }),
  );
}

function perCall({ result: times, seconds, cpuSeconds, hubSeconds, databaseSeconds }: Measured<number[]>) {
  const each = (cpu: number) => (cpu * 1_000) / times.length;
  return {
    times,
    cpuEach: each(cpuSeconds),
    hubCpuEach: each(hubSeconds),
    databaseCpuEach: each(databaseSeconds),
    cores: cpuSeconds / seconds,
  };
}

/** One HTTP server that stands for all that run. */
async function tinyServer(): Promise<{ readonly origin: string } & AsyncDisposable> {
  const server = http.createServer((_request, answer) => void answer.end('{}')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
