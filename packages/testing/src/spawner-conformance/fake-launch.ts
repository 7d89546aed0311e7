import { randomUUID } from 'node:crypto';
import type {
  Exit,
  JsonValue,
  Launch,
  Logger,
  ProgressEvent,
  RunningServer,
  ServerView,
  UserView,
} from '@hub/core/plugin';

/** What a launch of the suite is made of. */
export interface FakeLaunchOptions {
  readonly args?: readonly string[] | undefined;
  /** Called before a state is kept; what it throws or how long it takes is what the spawner sees. */
  readonly beforeSave?: ((state: JsonValue) => Promise<void>) | undefined;
  /** Where the trivial server finds its witness. */
  readonly witness: string;
  readonly environment?: Readonly<Record<string, string>> | undefined;
}

/** A launch as a spawner gets it, and what the spawner told by it. */
export interface FakeLaunch {
  readonly launch: Launch;
  readonly events: readonly ProgressEvent[];
  readonly exits: readonly Exit[];
  /** Resolves with the first reported exit. */
  readonly exited: Promise<Exit>;
  /** The state saved last, or null. */
  readonly state: JsonValue;
  abort(): void;
  /** The server as later calls get it. */
  running(state?: JsonValue): RunningServer;
}

/** Makes a launch of a server nobody else has, recording all that is said about it. */
export function fakeLaunch({ args = [], beforeSave, witness, environment }: FakeLaunchOptions): FakeLaunch {
  const server = fakeServer();
  const key = `${server.id}-${server.attempt}`;
  const abort = new AbortController();
  const events: ProgressEvent[] = [];
  const exits: Exit[] = [];
  const { promise: exited, resolve: exit } = Promise.withResolvers<Exit>();
  let saved: JsonValue = null;

  const launch: Launch = {
    key,
    user: server.owner,
    server,
    userOptions: {},
    args,
    state: null,
    signal: abort.signal,
    log: silentLog,
    async environment(bind) {
      return { ...hubEnvironment(server, bind), TEST_WITNESS: witness, TEST_KEY: key, ...environment };
    },
    progress: (event) => void events.push(event),
    async saveState(state) {
      await beforeSave?.(state);
      abort.signal.throwIfAborted();
      // Through JSON and back, as a database would.
      saved = JSON.parse(JSON.stringify(state)) as JsonValue;
    },
    reportExit(told) {
      exits.push(told);
      exit(told);
    },
  };
  return {
    launch,
    events,
    exits,
    exited,
    get state() {
      return saved;
    },
    abort: () => abort.abort(new Error('The start was cancelled.')),
    running: (state = saved) => ({
      key,
      server,
      state,
      signal: new AbortController().signal,
      log: silentLog,
    }),
  };
}

function fakeServer(): ServerView {
  const created = '2026-01-01T00:00:00.000000Z';
  const owner: UserView = {
    id: randomUUID(),
    name: 'ada',
    escapedName: 'ada',
    admin: false,
    groups: [],
    created,
  };
  return { id: randomUUID(), name: '', displayName: '', owner, prefix: '/user/ada/', attempt: 1 };
}

/** The part of P240 that every server needs. */
function hubEnvironment({ owner, prefix }: ServerView, bind: string): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    JUPYTERHUB_API_TOKEN: randomUUID(),
    JUPYTERHUB_API_URL: 'http://127.0.0.1:9/hub/api',
    JUPYTERHUB_BASE_URL: '/',
    JUPYTERHUB_CLIENT_ID: `jupyterhub-user-${owner.escapedName}`,
    JUPYTERHUB_SERVER_NAME: '',
    JUPYTERHUB_SERVICE_PREFIX: prefix,
    JUPYTERHUB_SERVICE_URL: `${bind}${prefix}`,
    JUPYTERHUB_USER: owner.name,
  };
}

const silentLog: Logger = {
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
};
