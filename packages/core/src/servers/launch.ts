import { DeadlineError, databaseNow, serverPrefix, withDeadline } from '../kernel/index.ts';
import {
  type Exit,
  type ForLaunch,
  HubError,
  type JsonValue,
  type Launch,
  type LaunchView,
  type RunningServer,
  type SpawnFailureCause,
  spawnFailure,
  type UserView,
} from '../plugin/index.ts';
import { clientIds } from './client-id.ts';
import type { ServersContext } from './context.ts';
import { serverEnvironment } from './environment.ts';
import { exitedFailure } from './exit-words.ts';
import { untilAnswers } from './http-wait.ts';
import { type LaunchOptions, type LaunchScopes, launchOptions, launchScopes } from './launch-options.ts';
import { secretValues } from './log-secrets.ts';
import { ProgressLog } from './progress-log.ts';
import { launchKey, type ServerRecord } from './server.ts';
import { profileLayers } from './settled-start.ts';
import { askSpawner } from './spawner-calls.ts';
import type { SpawnerInstance } from './spawners.ts';
import { serverView } from './views.ts';

/** The first two events of a story are the hub's: "requested", and "begins again" after a take-over. */
const firstOwnEvent = 2;

/** Thrown where a write found the server in other hands: whoever sees it touches nothing more. */
export class LostLaunch extends Error {
  constructor() {
    super('this launch is no longer the current one');
    this.name = 'LostLaunch';
  }
}

/** One launch under way in this hub. */
export interface Attempt {
  readonly server: ServerRecord;
  readonly signal: AbortSignal;
  readonly abort: (reason: unknown) => void;
  /** Secrets given to the server, to be kept out of what its owner is shown. */
  readonly secrets: Set<string>;
  /** The server's exit, when it is noticed. */
  readonly exited: Promise<Exit>;
  readonly reportExit: (exit: Exit) => void;
}

/**
 * Takes a server from `starting` to `ready` (the order of design section 5, P220): token and OAuth client,
 * `beforeSpawn` of all who may change the launch, its options, the spawner, HTTP, route, `ready`. Throws what went
 * wrong; {@link LostLaunch} when another owner has it.
 */
export async function launch(context: ServersContext, attempt: Attempt): Promise<ServerRecord> {
  const { server, signal } = attempt;
  const spawner = context.spawners.get(server.spawner);
  const owner = await context.owners.view(server.userId);
  if (!owner) throw new HubError('HUB_NOT_FOUND', `The user ${server.userName} is gone.`);
  const progress = new ProgressLog(context, server, firstOwnEvent);

  await context.leases.whenFresh(signal);
  const view = launchView(context, server, spawner, owner, signal);
  const scopes = await launchScopes(context, spawner, view);
  const { server: credited, token, clientId } = await issueCredentials(context, server, scopes);
  attempt.secrets.add(token);
  const layers = [
    ...profileLayers(context.starts.profiles, credited),
    ...(await context.hooks.beforeSpawn(view, credited)),
  ];
  const options = await launchOptions(context, spawner, view, layers, scopes);
  await context.leases.whenFresh(signal); // a hook may have taken its time
  signal.throwIfAborted();

  const parts = { ...attempt, server: credited, spawner, view, options, token, clientId, progress };
  try {
    const { launched, target } = await startServer(context, parts);
    return await finishLaunch(context, { ...attempt, server: launched }, spawner, target, () =>
      progress.settle(signal),
    );
  } finally {
    await progress.settle(signal); // the end of the story comes after the story
  }
}

/** From "launched, address known" to `ready`; also how a taken-over start goes on. */
export async function finishLaunch(
  context: ServersContext,
  attempt: Attempt,
  spawner: SpawnerInstance,
  target: string,
  beforeReady: () => Promise<void> = async () => undefined,
): Promise<ServerRecord> {
  const { server, signal } = attempt;
  const located = await change(context, server, { target });
  const { peerVersion } = await waitForHttp(context, { ...attempt, server: located }, spawner, target);
  await context.leases.whenFresh(signal);
  await addRoute(context, located, target, signal);
  await beforeReady();
  const ready = await context.unitOfWork.run(null, async () => {
    const row = await change(context, located, {
      phase: 'ready',
      owner: null,
      readyAt: databaseNow,
      lastActivity: databaseNow,
      peerVersion,
      failure: null,
      takeOvers: 0,
    });
    await context.changes.publish('server', String(row.id));
    await context.changes.publish('queue', '');
    return row;
  });
  return ready;
}

async function issueCredentials(context: ServersContext, server: ServerRecord, scopes: LaunchScopes) {
  const prefix = serverPrefix(context.hub.baseUrl, server.userName, server.name);
  return context.unitOfWork.run(null, async () => {
    const issued = await context.credentials.issue(server, {
      clientIds: clientIds(server.userName, server.name),
      redirectUri: `${prefix}oauth_callback`,
      description: `Server at ${prefix}`,
      tokenScopes: scopes.serverTokenScopes,
      clientScopes: scopes.oauthClientAllowedScopes,
    });
    const row = await change(context, server, { tokenId: issued.tokenId, oauthClientId: issued.clientId });
    return { ...issued, server: row };
  });
}

interface StartParts extends Attempt {
  readonly spawner: SpawnerInstance;
  readonly view: LaunchView;
  readonly options: LaunchOptions;
  readonly token: string;
  readonly clientId: string;
  readonly progress: ProgressLog;
}

async function startServer(
  context: ServersContext,
  parts: StartParts,
): Promise<{ launched: ServerRecord; target: string }> {
  const { spawner, server, options } = parts;
  let latest = server;
  const overdue = () => context.events.emit('pluginOverdue', { plugin: spawner.name, call: 'start' });
  const start = withDeadline(
    context.clock,
    `Starting the server of ${server.userName}`,
    spawner.options.startTimeout,
    parts.signal,
    async (signal) => {
      const made = launchContext(context, parts, signal, (row) => {
        latest = row;
      });
      const args = [...options.common.args, ...((await spawner.driver.args?.(made)) ?? [])];
      return spawner.driver.start({ ...made, args });
    },
    overdue,
  );
  const address = await Promise.race([start, exitBeforeReady(parts.exited)]).catch((error: unknown) => {
    start.catch(() => undefined); // its outcome no longer matters, its process is stopped next
    throw error;
  });
  return { launched: latest, target: originOf(address, spawner) };
}

function launchView(
  context: ServersContext,
  server: ServerRecord,
  spawner: SpawnerInstance,
  owner: UserView,
  signal: AbortSignal,
): LaunchView {
  return {
    key: launchKey(server),
    user: owner,
    server: serverView(context.hub.baseUrl, server, owner),
    spawner: spawner.id,
    userOptions: server.userOptions ?? {},
    signal,
    log: context.log.child({ user: server.userName, server: server.name, spawner: spawner.id }),
  };
}

function launchContext(
  context: ServersContext,
  parts: StartParts,
  signal: AbortSignal,
  onSaved: (row: ServerRecord) => void,
): Launch<JsonValue> {
  const { server, spawner, options, token, clientId } = parts;
  const { hub, hubEnvironment } = context;
  const launch: Launch<JsonValue> = {
    ...parts.view,
    args: [],
    state: server.state,
    signal,
    resolve: async (own) => ({ ...own, ...options.all }) as ForLaunch<typeof own>,
    environment: async (bind) => {
      const fromSpawner = (await spawner.driver.env?.(launch)) ?? {};
      const made = { hub, server, options: options.common, token, clientId, hubEnvironment, fromSpawner };
      const environment = await serverEnvironment(made, bind);
      for (const secret of secretValues(environment)) parts.secrets.add(secret);
      return environment;
    },
    progress: (event) => parts.progress.add(event),
    saveState: async (state) => {
      await context.leases.whenFresh(signal);
      signal.throwIfAborted();
      const host = spawner.driver.hostBound ? context.run.host : null;
      onSaved(await change(context, server, { state, host }));
    },
    reportExit: parts.reportExit,
  };
  return launch;
}

/** Waits for HTTP, racing the server's death by report and by poll. */
async function waitForHttp(
  context: ServersContext,
  attempt: Attempt,
  spawner: SpawnerInstance,
  target: string,
) {
  const { server } = attempt;
  const prefix = serverPrefix(context.hub.baseUrl, server.userName, server.name);
  const ended = new AbortController();
  try {
    return await withDeadline(
      context.clock,
      'Waiting for the server to answer',
      spawner.options.httpTimeout,
      attempt.signal,
      (signal) => {
        const either = AbortSignal.any([signal, ended.signal]);
        const answers = untilAnswers(`${target}${prefix}api`, context.clock, either);
        const dies = diesMeanwhile(context, server, spawner, either);
        dies.catch(() => undefined);
        return Promise.race([answers, dies, exitBeforeReady(attempt.exited)]);
      },
    );
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error;
    throw await unreachable(context, server, spawner, target);
  } finally {
    ended.abort();
  }
}

async function exitBeforeReady(exited: Promise<Exit>): Promise<never> {
  throw exitedFailure(await exited);
}

/** For spawners that do not report an exit: asks, often at first. */
async function diesMeanwhile(
  context: ServersContext,
  server: ServerRecord,
  spawner: SpawnerInstance,
  signal: AbortSignal,
): Promise<never> {
  const name = { user: server.userName, server: server.name };
  let told = false;
  for (let pause = 200; ; pause = Math.min(2_000, pause * 1.5)) {
    await context.clock.sleep(pause, signal);
    const limit = { call: 'poll', seconds: spawner.options.pollTimeout, outer: signal };
    const ask = (running: RunningServer<JsonValue>) => spawner.driver.poll(running);
    const exit = await askSpawner(context, spawner, server, limit, ask).catch((error: unknown) => {
      if (!told && !signal.aborted) context.log.warn({ ...name, err: error }, 'server could not be polled');
      told = true;
      return null;
    });
    if (exit) throw exitedFailure(exit);
  }
}

async function unreachable(
  context: ServersContext,
  server: ServerRecord,
  spawner: SpawnerInstance,
  target: string,
): Promise<Error> {
  const limit = { call: 'diagnose', seconds: 5 };
  const diagnosis = await askSpawner(
    context,
    spawner,
    server,
    limit,
    async (running) => (await spawner.driver.diagnose?.(running, target)) ?? null,
  ).catch(() => null); // a guess more or less: the plain sentence below is true anyway
  const cause: SpawnFailureCause = diagnosis?.cause ?? 'not-reachable';
  const seconds = spawner.options.httpTimeout;
  const message =
    diagnosis?.message ?? `The server runs, but did not answer at ${target} within ${seconds} s.`;
  return spawnFailure(cause, message, {
    hint: diagnosis?.hint ?? 'The end of its log may say what it is doing.',
  });
}

async function addRoute(
  context: ServersContext,
  server: ServerRecord,
  target: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    await context.routes.add(server, target, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw spawnFailure('route-failed', 'The server runs, but the proxy could not be told where it is.', {
      hint: 'Try again in a moment.',
      cause: error,
    });
  }
}

function originOf(address: string, spawner: SpawnerInstance): string {
  try {
    const { protocol, host } = new URL(address);
    if ((protocol === 'http:' || protocol === 'https:') && host !== '') return `${protocol}//${host}`;
  } catch {
    // told below, like any other address that is none
  }
  throw new HubError(
    'HUB_PLUGIN_FAILED',
    `The spawner ${spawner.name} returned "${address}", which is no http address.`,
  );
}

/** A write of this launch's owner, or {@link LostLaunch}. */
async function change(
  context: ServersContext,
  server: ServerRecord,
  to: Parameters<ServersContext['servers']['change']>[1],
): Promise<ServerRecord> {
  const row = await context.servers.change({ id: server.id, fence: server.fence, phase: 'starting' }, to);
  if (!row) throw new LostLaunch();
  return row;
}
