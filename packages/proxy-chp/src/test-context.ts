import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock, HubInfo, Proxy as HubProxy, Lifecycle, Logger, StopMode } from '@hub/core/plugin';
import { withoutInternalTls } from '@hub/core/plugin';
import { reservePort } from '@hub/posix';
import { chpProxy } from './chp-proxy.ts';
import type { ChpOptions } from './options.ts';

/** The machine's clock. */
export const clock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    delay(ms, undefined, signal ? { signal } : {}).catch((error: unknown) => {
      throw signal?.aborted ? signal.reason : error;
    }),
  every(ms, run) {
    const timer = setInterval(() => void run(), ms);
    return () => clearInterval(timer);
  },
};

/** One line of a {@link testLog}. */
export interface LogLine {
  readonly level: string;
  readonly fields: object;
  readonly message: string;
}

/** A logger that keeps its lines. */
export function testLog(): { readonly log: Logger; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const write = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, fields, message });
  const log: Logger = {
    trace: write('trace'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: () => log,
  };
  return { log, lines };
}

/** Where a test's proxy lives: a folder and a free public port. */
export interface Place {
  readonly hubInfo: HubInfo;
  readonly publicUrl: string;
  /** Where the plugin keeps its files. */
  readonly folder: string;
  remove(): Promise<void>;
}

/** A fresh folder and port. */
export async function newPlace(): Promise<Place> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'hub-chp-'));
  // Not one that the system hands out by itself: a test stops its proxy and wants the port back.
  const { port } = await reservePort('127.0.0.1', { from: 12_000, to: 30_000 });
  return {
    hubInfo: hubInfo(dataFolder, port),
    publicUrl: `http://127.0.0.1:${port}`,
    folder: join(dataFolder, 'proxy-chp', 'chp'),
    remove: () => rm(dataFolder, { recursive: true, force: true }),
  };
}

/** Facts of a hub whose proxy listens on `port`. */
export function hubInfo(dataFolder: string, port: number): HubInfo {
  return {
    baseUrl: '/',
    hubPrefix: '/hub/',
    publicUrl: '',
    connectUrl: 'http://127.0.0.1:9',
    bindUrl: `http://127.0.0.1:${port}`,
    version: '0.1.0',
    compatibleVersion: '6.1.1',
    dataFolder,
    mayMakeSecrets: true,
    host: 'test',
  };
}

/** What a test sets; the rest are the plugin's defaults, but for a free API port and plain error pages. */
export type TestOptions = { -readonly [K in keyof ChpOptions]?: ChpOptions[K] };

/** A hub's side of the plugin. */
export interface TestHub {
  readonly proxy: HubProxy;
  readonly lines: LogLine[];
  start(): Promise<void>;
  stop(mode?: Partial<StopMode>): Promise<void>;
}

/** Creates the plugin as a hub would. */
export function testHub(place: Place, options: TestOptions = {}): TestHub {
  const { log, lines } = testLog();
  const starts: ((signal: AbortSignal) => unknown)[] = [];
  const stops: ((mode: StopMode) => unknown)[] = [];
  const lifecycle: Lifecycle = {
    onStart: (run) => void starts.push(run),
    onStop: (run) => void stops.push(run),
  };
  // `definition` is erased to the general schema, so the options of this one are not known to it.
  const proxy = chpProxy.definition.create({
    id: 'chp',
    options: {
      apiUrl: 'http://127.0.0.1:0',
      shouldStart: true,
      checkInterval: 0.2,
      concurrency: 10,
      logLevel: 'info',
      hostRouting: false,
      errorTarget: null,
      flags: [],
      env: {},
      ...options,
    },
    log,
    clock,
    hubInfo: place.hubInfo,
    tls: withoutInternalTls,
    lifecycle,
  } as never);
  return {
    proxy,
    lines,
    async start() {
      for (const run of starts) await run(AbortSignal.timeout(30_000));
    },
    async stop(mode = {}) {
      for (const run of stops) await run({ keepServers: false, keepProxy: false, ...mode });
    },
  };
}
