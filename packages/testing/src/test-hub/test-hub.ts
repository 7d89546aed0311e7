import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  createHub,
  createTestDatabase,
  type Hub,
  type HubConfig,
  type Phase,
  type PluginInstance,
  type ServerRecord,
  type TestDatabase,
} from '@hub/core';
import { FakeEngine } from './fake-engine.ts';
import { FakeProxyTable, fakeProxy } from './fake-proxy.ts';
import { type FakeSpawnerOptions, fakeSpawner } from './fake-spawner.ts';
import { freezableClock } from './freezable-clock.ts';
import { type LogLine, recordedLog } from './recorded-log.ts';
import { testAuthenticator } from './test-authenticator.ts';
import { TestBrowser } from './test-browser.ts';
import { ask, type TestAnswer, TestClient, type TestRequest } from './test-client.ts';

/** What a test hub may be given; all of it has a default. Settings of a hub are taken as they are. */
export type TestHubOptions = Partial<Omit<HubConfig, 'plugins' | 'database' | 'logger'>> & {
  /** In the place of the fakes of their kind; the first spawner is the usual one. */
  readonly plugins?: readonly PluginInstance[];
  /** Options of the fake spawner. */
  readonly spawner?: FakeSpawnerOptions;
  /** Shared with another hub: pass that one's. */
  readonly engine?: FakeEngine;
  readonly proxy?: FakeProxyTable;
  readonly database?: TestDatabase;
  /** False: the hub is made but not started. */
  readonly start?: boolean;
};

const actor = { kind: 'hub', name: 'test' } as const;

/** A whole hub in this process, with fakes around it. Ends with its `await using` block. */
export class TestHub implements AsyncDisposable {
  readonly hub: Hub;
  readonly engine: FakeEngine;
  readonly proxy: FakeProxyTable;
  readonly database: TestDatabase;
  /** Everything it logged. */
  readonly log: LogLine[];
  readonly #clock: ReturnType<typeof freezableClock>;
  readonly #ends: readonly (() => Promise<unknown>)[];

  constructor(parts: {
    hub: Hub;
    engine: FakeEngine;
    proxy: FakeProxyTable;
    database: TestDatabase;
    log: LogLine[];
    clock: ReturnType<typeof freezableClock>;
    ends: readonly (() => Promise<unknown>)[];
  }) {
    this.hub = parts.hub;
    this.engine = parts.engine;
    this.proxy = parts.proxy;
    this.database = parts.database;
    this.log = parts.log;
    this.#clock = parts.clock;
    this.#ends = parts.ends;
  }

  /** Where it listens. */
  get url(): string {
    return this.hub.listenUrl;
  }

  get #prefix(): string {
    return new URL(this.hub.url).pathname;
  }

  /** One request to the hub's own listener. */
  request(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    request: TestRequest = {},
  ): Promise<TestAnswer> {
    return ask(this.url, method, path, request);
  }

  /** A token of this user with all the user may do; makes the user when there is none. */
  async tokenOf(name: string, { admin = false } = {}): Promise<string> {
    if (!(await this.hub.users.get(name))) await this.hub.users.create(actor, [name], admin);
    const user = await this.hub.users.get(name);
    if (!user) throw new Error(`${name} vanished`);
    return (await this.hub.tokens.create(actor, user, { note: 'test' })).token;
  }

  /** Signs a user in; makes the user when there is none. */
  async signIn(name: string, { admin = false } = {}): Promise<TestClient> {
    return new TestClient(this.url, name, await this.tokenOf(name, { admin }), this.#prefix);
  }

  /** Somebody who is not signed in yet, at a browser: for forms, and for the routes of authenticators. */
  browser(): TestBrowser {
    return new TestBrowser(this.url, `${this.#prefix}hub/`);
  }

  /** A server's row as the hub knows it. */
  async server(user: string, name = ''): Promise<ServerRecord> {
    const owner = await this.hub.users.get(user);
    const row = owner ? await this.hub.servers.find(owner, name) : null;
    if (!row) throw new Error(`${user} has no server "${name}"`);
    return row;
  }

  /** Where a server stands; `null` when it is not there yet. */
  async phase(user: string, name = ''): Promise<Phase | null> {
    const owner = await this.hub.users.get(user);
    const row = owner ? await this.hub.servers.find(owner, name) : null;
    return row ? row.phase : null;
  }

  /** Moves the database's clock ahead: leases apart, all that hubs agree on goes by it (tokens, queue, retries). */
  advance(seconds: number): Promise<void> {
    return this.database.advance(seconds);
  }

  /** Holds this hub up: it renews no lease and begins nothing, though what it has under way goes on. */
  freeze(): void {
    this.#clock.freeze();
  }

  thaw(): void {
    this.#clock.thaw();
  }

  /** Waits until something is true. */
  until<T>(what: () => T | Promise<T>, seconds = 10): Promise<NonNullable<T>> {
    return until(what, seconds);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.thaw();
    for (const end of this.#ends) await end();
  }
}

/**
 * Makes and starts a hub for a test: a real listener on a free port and a real database of its own, with a
 * spawner, a proxy and an authenticator that live in memory.
 *
 * @example
 * await using hub = await createTestHub({ servers: { concurrentStarts: 2 } });
 * const ada = await hub.signIn('ada');
 * expect((await ada.startServer()).status).toBe(201);
 */
export async function createTestHub(options: TestHubOptions = {}): Promise<TestHub> {
  const { plugins = [], spawner, engine: sharedEngine, proxy: sharedProxy, start = true, ...rest } = options;
  const { database: sharedDatabase, ...settings } = rest;
  const engine = sharedEngine ?? new FakeEngine();
  const proxy = sharedProxy ?? new FakeProxyTable();
  const database = sharedDatabase ?? (await createTestDatabase());
  const dataFolder = await mkdtemp(join(tmpdir(), 'hub-test-data-'));
  const clock = freezableClock();
  const log: LogLine[] = [];
  const config: HubConfig = {
    ...settings,
    database: database.url,
    dataFolder: settings.dataFolder ?? dataFolder,
    hub: { port: 0, ...settings.hub },
    access: { allowAll: true, ...settings.access },
    signIn: { refusalSeconds: 0, ...settings.signIn },
    cookies: { secret: secretOf(database), ...settings.cookies },
    logger: recordedLog(log),
    plugins: withFakes(plugins, [testAuthenticator(), fakeSpawner(engine, spawner), fakeProxy(proxy)]),
  };
  const hub = await createHub(config, { clock });
  const ends = [
    () => hub.stop(),
    async () => sharedEngine ?? engine.close(),
    async () => sharedDatabase ?? database.drop(),
    () => rm(dataFolder, { recursive: true, force: true }),
  ];
  const testHub = new TestHub({ hub, engine, proxy, database, log, clock, ends });
  try {
    if (start) await hub.start();
    return testHub;
  } catch (error) {
    await testHub[Symbol.asyncDispose]();
    throw error;
  }
}

/** Fakes for the kinds that were not given. */
function withFakes(given: readonly PluginInstance[], fakes: readonly PluginInstance[]): PluginInstance[] {
  const kinds = new Set(given.map(({ provides }) => provides));
  return [...given, ...fakes.filter(({ provides }) => !kinds.has(provides))];
}

const secrets = new WeakMap<TestDatabase, string>();

/** Hubs on one database sign with one secret. */
function secretOf(database: TestDatabase): string {
  const secret = secrets.get(database) ?? randomBytes(32).toString('hex');
  secrets.set(database, secret);
  return secret;
}

/** Waits until `what` answers with something true, and returns it. */
export async function until<T>(what: () => T | Promise<T>, seconds = 10): Promise<NonNullable<T>> {
  const end = performance.now() + seconds * 1000;
  for (;;) {
    const answer = await what();
    if (answer) return answer;
    if (performance.now() > end) throw new Error(`not so within ${seconds} s: ${what}`);
    await delay(20);
  }
}
