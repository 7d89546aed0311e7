import { setTimeout as sleep } from 'node:timers/promises';
import { type Launch, spawnFailure } from '@hub/core/plugin';
import {
  type Accounts,
  choosePort,
  couldNotRun,
  type LaunchOptions as GatedLaunch,
  type GatedProcess,
  httpOrigin,
  type Launcher,
  type LaunchFiles,
  type ListenerQuestion,
  launchMarks,
  listenerOwner,
  type PortReservation,
  reachable,
  saysPortTaken,
  stopProcesses,
  tailFile,
  unlessAborted,
  waitForListener,
} from '@hub/posix';
import { type Account, accountOf } from './account.ts';
import { placeCertificate } from './certificates.ts';
import type { Children } from './children.ts';
import { launchFailure, neverRan } from './launch-failure.ts';
import type { ServerLimits } from './limits.ts';
import { makeLogFolder } from './log-folder.ts';
import type { LaunchOptions, LocalSpawnerOptions } from './options.ts';
import { closeSession, isUnkept, sessionPlan } from './session.ts';
import type { LocalState } from './state.ts';

/** What a start needs to know of its driver. */
export interface StartDeps {
  readonly options: LocalSpawnerOptions;
  readonly owner: string;
  readonly children: Children;
  readonly accounts: Pick<Accounts, 'accountOf'>;
  readonly launcher: Launcher;
  readonly limits: ServerLimits;
  readonly logFile: (serverId: string) => string;
  readonly certificates: LaunchFiles;
  /** Aborted when the hub stops: nothing is watched any more. */
  readonly stopped: AbortSignal;
}

/** A launched server that has not listened yet. */
interface Attempt {
  readonly launch: Launch<LocalState>;
  readonly command: readonly string[];
  readonly process: GatedProcess;
  readonly state: LocalState;
}

/**
 * Starts a server and resolves with its origin once it listens. A port that somebody else took in the meantime is
 * exchanged for another one, once. A server that needs longer than half the start timeout is left to the hub to wait for.
 */
export async function startServer(launch: Launch<LocalState>, deps: StartDeps): Promise<string> {
  const { accounts, limits } = deps;
  launch.progress({ progress: 5, message: 'Preparing the folder' });
  const options = await launch.resolve(deps.options);
  const mostProcesses = await limits.mostProcesses(options);
  const account = await accountOf(launch, options, { accounts, mostProcesses });
  launch.progress({ progress: 20, message: 'Launching the server' });
  for (let again = options.port === 0; ; again = false) {
    const attempt = await launchServer(launch, account, options, deps);
    const { ip, port } = attempt.state;
    launch.progress({ progress: 50, message: 'The server is starting up' });
    if ((await outcome(attempt, deps)) === 'listens') {
      reportExit(attempt, limits);
      launch.progress({ progress: 90, message: 'The server is launched' });
      return httpOrigin(reachable(ip), port);
    }
    await stop(attempt, deps);
    if (!again) throw spawnFailure('port-taken', `Port ${port} is used by another program.`);
    launch.log.warn({ port }, 'port was taken meanwhile, trying another one');
    launch.progress({ progress: 50, message: `Port ${port} was taken meanwhile; trying another one` });
  }
}

/** Record, then release: the server runs only after its state was saved. */
async function launchServer(
  launch: Launch<LocalState>,
  account: Account,
  options: LaunchOptions,
  deps: StartDeps,
): Promise<Attempt> {
  const { owner, children } = deps;
  const ip = options.ip || '0.0.0.0';
  const port = await portFor(ip, options);
  const logFile = deps.logFile(launch.server.id);
  const whole = [...options.command, ...launch.args];
  const files = await placeCertificate(launch, account.as, deps.certificates).catch((error) => {
    port.release();
    throw launchFailure(error);
  });
  const env = {
    ...(await launch.environment(httpOrigin(ip, port.port), files)),
    ...account.environment,
    ...launchMarks(launch.key, owner),
  };
  launch.signal.throwIfAborted();

  const session = sessionPlan(options, logFile);
  if (session) launch.progress({ message: 'Opening a session of the machine' });
  const order = { command: whole, env, logFile, session, signal: launch.signal };
  const process = await launchProcess(order, account, deps).catch((error) => {
    port.release();
    throw launchFailure(error);
  });
  if (process.cwd !== account.folder) {
    launch.log.warn({ folder: account.folder, instead: process.cwd }, 'a server starts in another folder');
    launch.progress({ message: `The folder ${account.folder} cannot be used; starting in ${process.cwd}` });
  }
  const uid = account.as ? { uid: account.as.uid } : {};
  const keeper = process.keeper ? { keeper: { ...process.keeper } } : {};
  const state: LocalState = { ...process.identity, ip, port: port.port, logFile, ...uid, ...keeper };
  try {
    await unlessAborted(launch.saveState(state), launch.signal);
    await deps.limits.apply(launch, process.identity.pid, options);
  } catch (error) {
    port.release();
    await process.abandon();
    throw error;
  }
  children.put(launch.server.id, { key: launch.key, process, port, logFile });
  await process.open();
  return { launch, command: whole, process, state };
}

async function launchProcess(
  order: Omit<GatedLaunch, 'cwd'>,
  { folder: cwd, as, missingFolder, writableFolder }: Account,
  { launcher }: StartDeps,
): Promise<GatedProcess> {
  makeLogFolder(order.logFile, as !== null);
  return await launcher.launch({ ...order, cwd, ...(as && { as, missingFolder, writableFolder }) });
}

async function portFor(ip: string, options: LaunchOptions): Promise<PortReservation> {
  return await choosePort(ip, options).catch((cause: Error) => {
    throw spawnFailure('system', cause.message, { hint: 'See the options ip and portRange.', cause });
  });
}

/** Waits until it listens, ends, or somebody else turns out to listen at its port. Throws when it ended. */
async function outcome(attempt: Attempt, deps: StartDeps): Promise<'listens' | 'port taken'> {
  const { launch, process, state, command } = attempt;
  const question = questionOf(attempt, deps);
  const watch = new AbortController();
  const listener = waitForListener({ ...question, signal: AbortSignal.any([watch.signal, deps.stopped]) });
  // Its rejection is only the echo of our own abort.
  listener.catch(() => {});
  const ended = process.exited.then(() => 'nobody' as const);
  const late = sleep(deps.options.startTimeout * 500, 'late' as const, { signal: watch.signal });
  late.catch(() => {});

  const first = await unlessAborted(Promise.race([listener, ended, late]), launch.signal).catch(
    (error: unknown) => {
      watch.abort();
      throw error;
    },
  );
  if (first === 'late') {
    void listener.then((owner) => (owner === 'another' ? refuse(attempt, deps) : undefined)).catch(() => {});
    return 'listens';
  }
  watch.abort();
  if (first === 'another') return 'port taken';
  if (first !== 'nobody') return 'listens';

  const exit = await process.exited;
  const log = await tailFile(state.logFile, 4000);
  if (saysPortTaken(log) || (await listenerOwner(question)) === 'another') return 'port taken';
  if (couldNotRun(exit)) throw neverRan(command[0] ?? '', log);
  // The hub puts it into words, as it does with every exit.
  launch.reportExit(await deps.limits.explained(launch.key, exit));
  throw spawnFailure('exited', 'The server ended before it listened.', { hint: "See the server's log." });
}

function questionOf({ launch, process, state }: Attempt, { limits }: StartDeps): ListenerQuestion {
  const { ip: address, port } = state;
  return {
    address,
    port,
    identity: process.identity,
    launchKey: launch.key,
    uid: state.uid ?? globalThis.process.getuid?.(),
    members: () => limits.members(launch.key),
  };
}

/** After the start was answered: what answers at its port is not the server. */
async function refuse(attempt: Attempt, deps: StartDeps): Promise<void> {
  const { port } = attempt.state;
  attempt.launch.log.error({ port }, 'another program answers at the port of a server');
  attempt.launch.reportExit({
    code: 0,
    reason: `Another program answers at port ${port}; the server was stopped.`,
  });
  await stop(attempt, deps);
}

async function stop(
  { launch, process: { identity, keeper }, state: { uid } }: Attempt,
  { owner, children, limits }: StartDeps,
): Promise<void> {
  const { key: launchKey } = launch;
  const members = () => limits.members(launchKey);
  const unkept = await isUnkept(identity, keeper);
  await stopProcesses({ identity, launchKey, owner, uid, members, now: true, timeouts: { term: 2 } });
  await closeSession(keeper, unkept, launch);
  await limits.remove(launch);
  children.forget(launch);
}

/** Tells the hub as soon as the server ends, as long as this process lives. */
function reportExit({ launch, process }: Attempt, limits: ServerLimits): void {
  process.exited
    .then(async (exit) => launch.reportExit(await limits.explained(launch.key, exit)))
    .catch((err: unknown) => launch.log.error({ err }, 'the exit of a server could not be reported'));
}
