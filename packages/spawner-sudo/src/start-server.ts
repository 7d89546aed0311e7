import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Exit, type Launch, spawnFailure } from '@hub/core/plugin';
import {
  type Account,
  type Accounts,
  bootId,
  choosePort,
  couldNotRun,
  exitUnseen,
  httpOrigin,
  launchMarks,
  listenerOwner,
  type PortReservation,
  reachable,
  readProcess,
  saysPortTaken,
  tailFile,
  unlessAborted,
  waitForListener,
} from '@hub/posix';
import { accountOf } from './account.ts';
import { certificateOrder } from './certificates.ts';
import { type LaunchedServer, launchServer } from './launch-server.ts';
import { identityOf, lives } from './lives.ts';
import type { Mediator } from './mediator.ts';
import type { LaunchOptions, SudoSpawnerOptions } from './options.ts';
import type { SudoState } from './state.ts';
import { stopServer } from './stop-server.ts';

/** What a start needs to know of its driver. */
export interface StartDeps {
  readonly options: SudoSpawnerOptions;
  readonly mediator: Mediator;
  readonly accounts: Pick<Accounts, 'accountOf'>;
  readonly owner: string;
  readonly logFile: (serverId: string) => string;
  /** A server this hub launched: the only kind whose end is told. */
  readonly launched: (launch: Launch<SudoState>, server: LaunchedServer) => void;
  /** Aborted when the hub stops: nothing is watched any more. */
  readonly stopped: AbortSignal;
}

/** A launched server that has not listened yet. */
interface Attempt {
  readonly launch: Launch<SudoState>;
  readonly server: LaunchedServer;
  readonly state: SudoState;
}

/**
 * Starts a server and resolves with its origin once it listens. A port that somebody else took in the meantime is
 * exchanged for another one, once. A server that needs longer than half the start timeout is left to the hub.
 */
export async function startServer(launch: Launch<SudoState>, deps: StartDeps): Promise<string> {
  launch.progress({ progress: 5, message: 'Looking up the account' });
  const options = await launch.resolve(deps.options);
  const account = await accountOf(launch.user.name, deps.accounts);
  for (let again = options.port === 0; ; again = false) {
    launch.signal.throwIfAborted();
    launch.progress({ progress: 20, message: 'Launching the server' });
    const attempt = await launchAttempt(launch, account, options, deps);
    const { ip, port } = attempt.state;
    launch.progress({ progress: 50, message: 'The server is starting up' });
    if ((await outcome(attempt, deps)) === 'listens') {
      reportExit(attempt);
      launch.progress({ progress: 90, message: 'The server is launched' });
      return httpOrigin(reachable(ip), port);
    }
    await stop(attempt, deps);
    if (!again) throw spawnFailure('port-taken', `Port ${port} is used by another program.`);
    launch.log.warn({ port }, 'port was taken meanwhile, trying another one');
  }
}

/** Record, then release: the server runs only after its state was saved, where the mediator has a gate. */
async function launchAttempt(
  launch: Launch<SudoState>,
  account: Account,
  options: LaunchOptions,
  deps: StartDeps,
): Promise<Attempt> {
  const { mediator, owner } = deps;
  const ip = options.ip || '0.0.0.0';
  const { port } = await portFor(ip, options);
  const logFile = deps.logFile(launch.server.id);
  await mkdir(dirname(logFile), { recursive: true, mode: 0o700 });
  const certificates = certificateOrder(launch, owner, account);
  const { PYTHONPATH: _, ...hubs } = await launch.environment(httpOrigin(ip, port), certificates?.files); // P324
  const env = {
    ...hubs,
    USER: launch.user.name,
    HOME: account.home,
    SHELL: account.shell || '/bin/sh',
    ...launchMarks(launch.key, owner),
  };
  const { mediatorPath } = options;
  const order = {
    mediatorPath,
    account: account.name,
    args: launch.args,
    env,
    logFile,
    certificates: certificates?.order ?? null,
  };
  const server = await launchServer(order, mediator);
  const state = await record(launch, server, { ip, port, logFile, account }, deps);
  deps.launched(launch, server);
  server.open();
  return { launch, server, state };
}

async function portFor(ip: string, options: LaunchOptions): Promise<Pick<PortReservation, 'port'>> {
  return await choosePort(ip, options).catch((cause: Error) => {
    throw spawnFailure('system', cause.message, { hint: 'See the options ip and portRange.', cause });
  });
}

/** The first thing after a number is known. What cannot be recorded must not run. */
async function record(
  launch: Launch<SudoState>,
  server: LaunchedServer,
  place: { ip: string; port: number; logFile: string; account: Account },
  deps: StartDeps,
): Promise<SudoState> {
  const { ip, port, logFile, account } = place;
  const { pid } = server;
  const identity = (await identityOf(pid)) ?? { pid, startTime: 'gone', bootId: await bootId() };
  const group = server.tells ? pid : ((await readProcess(pid))?.group ?? pid);
  const state = { ...identity, group, account: account.name, uid: account.uid, ip, port, logFile };
  try {
    await unlessAborted(launch.saveState(state), launch.signal);
    return state;
  } catch (error) {
    server.abandon();
    if (!server.tells) await stop({ launch, server, state }, deps);
    throw error;
  }
}

/** Waits until it listens, ends, or somebody else turns out to listen at its port. Throws when it ended. */
async function outcome(attempt: Attempt, deps: StartDeps): Promise<'listens' | 'port taken'> {
  const { launch, server, state } = attempt;
  const question = questionOf(attempt);
  const watch = new AbortController();
  const listener = waitForListener({ ...question, signal: AbortSignal.any([watch.signal, deps.stopped]) });
  const late = sleep(deps.options.startTimeout * 500, 'late' as const, { signal: watch.signal });
  for (const waiting of [listener, late]) waiting.catch(() => {}); // only the echo of our own abort
  const ended = server.exited.then(() => 'nobody' as const);
  try {
    const first = await unlessAborted(Promise.race([listener, ended, late]), launch.signal);
    if (first === 'another') return 'port taken';
    // Where `/proc` hides it, nothing can be seen of a server that runs: the hub waits for HTTP.
    if (first !== 'nobody' || (await lives(state))) return 'listens';
  } finally {
    watch.abort();
  }
  const exit = (await endOf(server)) ?? exitUnseen(state.pid);
  const log = await tailFile(state.logFile, 4000);
  if (saysPortTaken(log) || (await listenerOwner(question)) === 'another') return 'port taken';
  if (couldNotRun(exit)) throw neverRan(log);
  // The hub puts it into words, as it does with every exit.
  launch.reportExit(exit);
  throw spawnFailure('exited', 'The server ended before it listened.', { hint: "See the server's log." });
}

/** A single-user server that is there and never ran. */
function neverRan(log: string): Error {
  const lastLine = log.trimEnd().split('\n').at(-1) ?? '';
  return spawnFailure('command-not-found', `The single-user server could not be run: ${lastLine}`);
}

/** Seconds for the keeper to tell how a server ended that is known to be gone. */
const keeperPatience = 3;

/** How a server ended that is gone; null when nobody tells. */
export function endOf(server: LaunchedServer): Promise<Exit | null> {
  if (!server.tells) return Promise.resolve(null);
  return Promise.race([server.exited, sleep(keeperPatience * 1000, null, { ref: false })]);
}

function questionOf({ launch, state }: Attempt): Parameters<typeof listenerOwner>[0] {
  const { ip: address, port, uid } = state;
  return { address, port, identity: state, launchKey: launch.key, uid };
}

async function stop({ launch, state }: Attempt, { mediator }: StartDeps): Promise<void> {
  const ladder = [
    ['SIGTERM', 2],
    ['SIGKILL', 5],
  ] as const;
  // Also when the start was cancelled: that is why.
  const signal = AbortSignal.timeout(30_000);
  await stopServer({ state, account: null, key: launch.key, ladder, signal }, mediator);
}

/** Tells the hub as soon as the server ends, as long as this process lives. */
function reportExit({ launch, server, state }: Attempt): void {
  server.exited
    .then((exit) => launch.reportExit(exit ?? exitUnseen(state.pid)))
    .catch((err: unknown) => launch.log.error({ err }, 'the exit of a server could not be reported'));
}
