import { randomUUID } from 'node:crypto';
import type {
  Exit,
  JsonValue,
  Launch,
  LaunchView,
  ProgressEvent,
  RunningServer,
  ServerView,
  UserView,
} from '@hub/core/plugin';
import { type LogLine, recordedLog } from '../test-hub/recorded-log.ts';

/** What a spawner waits for while it starts a server. */
export type LaunchStep = 'resolve' | 'environment' | 'saveState';

/** What a launch of the suite is made of. */
export interface FakeLaunchOptions {
  readonly args?: readonly string[] | undefined;
  /** Called before a state is kept; what it throws or how long it takes is what the spawner sees. */
  readonly beforeSave?: ((state: JsonValue) => Promise<void>) | undefined;
  /** Where the trivial server finds its witness. */
  readonly witness: string;
  readonly environment?: Readonly<Record<string, string>> | undefined;
  /** Called before a question is answered; what it throws or how long it takes is what the spawner sees. */
  readonly before?: ((step: LaunchStep) => Promise<void>) | undefined;
  /** Options that this launch wants otherwise than configured. */
  readonly wanted?: Readonly<Record<string, unknown>> | undefined;
  /** Name of its owner; `ada` unless given. */
  readonly user?: string | undefined;
  /** Another launch of a server there was before, or a server with a name. */
  readonly server?: Partial<Pick<ServerView, 'id' | 'name' | 'attempt'>> | undefined;
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
  /** All states, as they were handed over. */
  readonly states: readonly unknown[];
  readonly logged: readonly LogLine[];
  /** The secret of the server. */
  readonly token: string;
  /** The environment as it was given last. */
  readonly environment: Readonly<Record<string, string>>;
  abort(): void;
  /** The server as later calls get it. */
  running(state?: JsonValue): RunningServer;
}

/** Makes a launch of a server nobody else has, recording all that is said about it. */
export function fakeLaunch({
  args = [],
  beforeSave,
  before = async () => {},
  witness,
  environment,
  wanted = {},
  user = 'ada',
  server: known = {},
}: FakeLaunchOptions): FakeLaunch {
  const server = fakeServer(user, known);
  const token = randomUUID();
  const key = `${server.id}-${server.attempt}`;
  const abort = new AbortController();
  const events: ProgressEvent[] = [];
  const exits: Exit[] = [];
  const { promise: exited, resolve: exit } = Promise.withResolvers<Exit>();
  const states: unknown[] = [];
  const logged: LogLine[] = [];
  const log = recordedLog(logged);
  let saved: JsonValue = null;
  let given: Readonly<Record<string, string>> = {};

  const launch: Launch = {
    key,
    user: server.owner,
    server,
    spawner: 'conformance',
    userOptions: {},
    args,
    state: null,
    tls: null,
    signal: abort.signal,
    log,
    async resolve(options) {
      await before('resolve');
      const entries = Object.entries(options).map(async ([name, value]) => [
        name,
        await called(value, launch),
      ]);
      const worked = Object.fromEntries(await Promise.all(entries));
      return { ...worked, ...Object.fromEntries(Object.entries(wanted).filter(([name]) => name in options)) };
    },
    async environment(bind) {
      await before('environment');
      const own = { TEST_WITNESS: witness, TEST_KEY: key };
      given = { ...hubEnvironment(server, token, bind), ...own, ...environment };
      return { ...given };
    },
    progress: (event) => void events.push(event),
    async saveState(state) {
      states.push(state);
      await beforeSave?.(state);
      await before('saveState');
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
    states,
    logged,
    token,
    get environment() {
      return given;
    },
    abort: () => abort.abort(new Error('The start was cancelled.')),
    running: (state = saved) => ({
      key,
      server,
      state,
      signal: new AbortController().signal,
      log,
    }),
  };
}

/** A function of the launch is called, as the hub does; it is not told from a hook, which the suite's options lack. */
function called(value: unknown, launch: LaunchView): unknown {
  return typeof value === 'function' ? value(launch) : value;
}

function fakeServer(name: string, known: NonNullable<FakeLaunchOptions['server']>): ServerView {
  const created = '2026-01-01T00:00:00.000000Z';
  const escapedName = encodeURIComponent(name);
  const owner: UserView = { id: randomUUID(), name, escapedName, admin: false, groups: [], created };
  const server = { id: randomUUID(), name: '', attempt: 1, ...known };
  const last = server.name === '' ? '' : `${encodeURIComponent(server.name)}/`;
  return { ...server, displayName: server.name, owner, prefix: `/user/${escapedName}/${last}` };
}

/** The part of P240 that every server needs. */
function hubEnvironment(
  { owner, name, prefix }: ServerView,
  token: string,
  bind: string,
): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    JUPYTERHUB_API_TOKEN: token,
    JUPYTERHUB_API_URL: 'http://127.0.0.1:9/hub/api',
    JUPYTERHUB_BASE_URL: '/',
    JUPYTERHUB_CLIENT_ID: `jupyterhub-user-${owner.escapedName}`,
    JUPYTERHUB_SERVER_NAME: name,
    JUPYTERHUB_SERVICE_PREFIX: prefix,
    JUPYTERHUB_SERVICE_URL: `${bind}${prefix}`,
    JUPYTERHUB_USER: owner.name,
  };
}
