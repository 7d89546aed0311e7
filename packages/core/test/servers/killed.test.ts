import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, type TestClient, until } from '../../../testing/src/index.ts';
import { HubProcess } from '../support/hub-process.ts';

const linux = process.platform === 'linux'; // the proxy is found by /proc

describe.runIf(linux)('kill -9', { timeout: 60_000 }, () => {
  let hub: HubProcess;
  let ada: TestClient;
  beforeAll(async () => {
    hub = await HubProcess.make({ concurrentStarts: 1 });
    await hub.start();
    ada = await hub.user('ada');
  }, 60_000);
  afterAll(() => hub[Symbol.asyncDispose](), 60_000);

  const running = () => hub.witness.seen().reduce((sum, key) => sum + hub.witness.running(key), 0);
  const isReady = (client: TestClient) => async () => (await hub.phase(client)) === 'ready';
  const isStopped = (client: TestClient) => async () => (await hub.phase(client)) === 'stopped';

  it('of the hub while a server is ready: it goes on, with its route; login and tokens stay good (P253, P255, P256)', async () => {
    await ada.startServer();
    await until(isReady(ada));
    const cookie = await logIn(hub.url, 'ada');
    await hub.kill();
    expect(running()).toBe(1);
    expect((await ask(hub.publicUrl, 'GET', '/user/ada/')).status).toBe(200);

    const milliseconds = await hub.start();
    console.info(`ready again after ${milliseconds} ms`);
    expect(milliseconds).toBeLessThan(10_000);
    expect((await ada.server()).json).toMatchObject({ ready: true, stopped: false });
    expect(running()).toBe(1);
    expect((await ask(hub.publicUrl, 'GET', '/user/ada/')).status).toBe(200);
    expect((await ask(hub.publicUrl, 'GET', '/hub/api/')).status).toBe(200);
    expect((await hub.request('GET', '/hub/home', { cookie })).status).toBe(200);
    expect((await hub.request('GET', '/hub/home')).status).toBe(302);
  });

  it('of the hub while one start is under way and one waits: both get ready, each launched once', async () => {
    await hub.stay('held');
    const held = await hub.user('held');
    const next = await hub.user('next');
    await held.startServer();
    await until(async () => (await soFar(held)).length > 0);
    await next.startServer();
    await hub.kill();
    await hub.start();
    expect([await hub.phase(held), await hub.phase(next)]).toEqual(['spawn', 'spawn']);
    expect(running()).toBe(1); // only ada's: nothing had been launched
    await hub.go('held');
    await until(isReady(held), 20);
    await until(isReady(next), 20);
    expect(running()).toBe(3);
    await held.stopServer();
    await next.stopServer();
    await until(async () => (await isStopped(held)()) && (await isStopped(next)()));
    expect(running()).toBe(1);
  });

  it('of the hub while a server is launched but does not answer: the next hub waits on (P204, P256)', async () => {
    await hub.stay('late');
    const late = await hub.user('late');
    await late.startServer();
    await until(async () => (await soFar(late)).includes('is starting up'));
    await hub.kill();
    await hub.start();
    expect(await hub.phase(late)).toBe('spawn');
    await hub.go('late');
    await until(isReady(late), 20);
    expect(running()).toBe(2);
    await late.stopServer();
    await until(isStopped(late));
    expect(running()).toBe(1);
  });

  it('of the hub while a server is stopping: the next hub ends it', async () => {
    const stubborn = await hub.user('stubborn');
    await stubborn.startServer();
    await until(isReady(stubborn));
    expect(running()).toBe(2);
    expect((await stubborn.stopServer()).status).toBe(202);
    expect(await hub.phase(stubborn)).toBe('stop');
    await hub.kill();
    expect(running()).toBe(2);
    await hub.start();
    await until(isStopped(stubborn), 15);
    expect(running()).toBe(1);
    expect((await ask(hub.publicUrl, 'GET', '/user/ada/')).status).toBe(200);
  });

  it('of the proxy: all routes are back', async () => {
    process.kill(await hub.proxy(), 'SIGKILL');
    const began = performance.now();
    await until(async () => {
      const answers = await Promise.all([
        ask(hub.publicUrl, 'GET', '/user/ada/').catch(() => null),
        ask(hub.publicUrl, 'GET', '/hub/api/').catch(() => null),
      ]);
      return answers.every((answer) => answer?.status === 200 && !answer.text.includes('ECONNREFUSED'));
    }, 20);
    console.info(`all routes back after ${Math.round(performance.now() - began)} ms`);
    expect(running()).toBe(1);
  });

  it.each(['SIGKILL', 'SIGINT'] as const)(
    'of the database (%s) under load: 503 or an answer, nothing acknowledged is lost, back at once',
    async (signal) => {
      await hub.stay('late');
      const late = await hub.user('late');
      await late.startServer();
      await until(async () => (await soFar(late)).includes('is starting up'));

      const load = new Load(ada);
      await delay(500);
      const killed = performance.now();
      process.kill(await hub.postmaster(), signal);
      await until(() => load.back(killed + 300) !== null, 20);
      await delay(3_000);
      const { statuses, tokens } = await load.end();
      // PostgreSQL's own recovery is not the hub's time; it ends when the first new request is answered.
      const back = load.back(killed + 300) ?? 0;
      const behind = load.lastFailed() - back;
      console.info(
        `${signal}: back after ${Math.round(back - killed)} ms, last request to fail made ${Math.round(behind)} ms later`,
        Object.fromEntries(statuses),
      );
      expect([...statuses.keys()].filter((status) => ![200, 201, 503].includes(status))).toEqual([]);
      expect(statuses.get(503)).toBeGreaterThan(0);
      expect(back - killed).toBeLessThan(15_000);
      expect(behind).toBeLessThan(2_000);
      expect(load.longest).toBeLessThan(15_000);
      expect(tokens.length).toBeGreaterThan(10);
      for (const token of tokens) {
        expect((await hub.request('GET', '/hub/api/user', { token })).status).toBe(200);
      }
      // A start that was under way is not lost either.
      await hub.go('late');
      await until(isReady(late), 20);
      expect(await hub.phase(ada)).toBe('ready');
      await late.stopServer();
      await until(isStopped(late));
      expect(running()).toBe(1);
    },
  );
});

/** What the story of a start tells up to now. */
async function soFar(client: TestClient): Promise<string> {
  const path = `/hub/api/users/${client.name}/server/progress`;
  const answer = await fetch(new URL(path, client.origin), {
    headers: { authorization: `token ${client.token}` },
    signal: AbortSignal.timeout(400),
  });
  let text = '';
  try {
    for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) text += chunk;
  } catch {
    // The stream goes on; what it told until now will do.
  }
  return text;
}

/** Fifty requests in flight at any time: reads, and tokens made. */
class Load {
  readonly statuses = new Map<number, number>();
  readonly tokens: string[] = [];
  readonly #answered: { readonly asked: number; readonly at: number }[] = [];
  readonly #failed: number[] = [];
  /** Milliseconds the slowest request took. */
  longest = 0;
  #ended = false;
  readonly #workers: Promise<void>[];

  constructor(client: TestClient) {
    this.#workers = Array.from({ length: 50 }, (_, index) => this.#work(client, index % 5 === 0));
    for (const worker of this.#workers) worker.catch(() => undefined); // told by `end`
  }

  /** When the first request that was made after `moment` was answered well. */
  back(moment: number): number | null {
    return this.#answered.find(({ asked }) => asked > moment)?.at ?? null;
  }

  /** When the last request that failed was made. */
  lastFailed(): number {
    return Math.max(0, ...this.#failed);
  }

  async end(): Promise<this> {
    this.#ended = true;
    await Promise.all(this.#workers);
    return this;
  }

  async #work(client: TestClient, writes: boolean): Promise<void> {
    while (!this.#ended) {
      const asked = performance.now();
      const answer = writes
        ? await client.api('POST', `/users/${client.name}/tokens`, { note: 'load' })
        : await client.api('GET', '/user');
      const at = performance.now();
      this.statuses.set(answer.status, (this.statuses.get(answer.status) ?? 0) + 1);
      if (answer.status < 400) this.#answered.push({ asked, at });
      else this.#failed.push(asked);
      this.longest = Math.max(this.longest, at - asked);
      if (answer.status === 201 && typeof answer.json.token === 'string') this.tokens.push(answer.json.token);
      if (writes || answer.status >= 400) await delay(50);
    }
  }
}

/** Signs in by the form; answers with the cookies. */
async function logIn(url: string, name: string): Promise<string> {
  const form = await ask(url, 'GET', '/hub/login');
  const jar = new Map<string, string>();
  const keep = (answer: typeof form) => {
    for (const cookie of [answer.headers['set-cookie'] ?? []].flat()) {
      const [pair = ''] = cookie.split(';');
      const cut = pair.indexOf('=');
      jar.set(pair.slice(0, cut), pair.slice(cut + 1));
    }
  };
  const text = () => [...jar].map(([key, value]) => `${key}=${value}`).join('; ');
  keep(form);
  const body = new URLSearchParams({ username: name, password: name, _xsrf: jar.get('_xsrf') ?? '' });
  const answer = await ask(url, 'POST', '/hub/login', {
    cookie: text(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: body.toString(),
  });
  keep(answer);
  if (answer.status !== 302)
    throw new Error(`sign-in answered ${answer.status}: ${answer.text.slice(0, 300)}`);
  return text();
}
