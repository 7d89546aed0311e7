import { databaseNow, serverPrefix } from '../kernel/index.ts';
import { HubError, spawnFailure } from '../plugin/index.ts';
import { type Attempt, changeStarting } from './attempt.ts';
import { clientIds } from './client-id.ts';
import type { ServersContext } from './context.ts';
import { launchView } from './launch-context.ts';
import { type LaunchScopes, launchOptions, launchScopes } from './launch-options.ts';
import { ProgressLog } from './progress-log.ts';
import type { ServerRecord } from './server.ts';
import { tellServer } from './server-news.ts';
import { profileLayers } from './settled-start.ts';
import { startServer } from './spawner-start.ts';
import type { SpawnerInstance } from './spawners.ts';
import { waitForHttp } from './until-ready.ts';
import { requireItself } from './who-answers.ts';

/** The first two events of a story are the hub's: "requested", and "begins again" after a take-over. */
const firstOwnEvent = 2;

/**
 * Takes a server from `starting` to `ready` (the order of design section 5, P220): token and OAuth client,
 * `beforeSpawn` of all who may change the launch, its options, the spawner, HTTP, route, `ready`. Throws what went
 * wrong; `LostLaunch` when another owner has it.
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

  const tls = (await context.tls?.forServer(view.key)) ?? null;
  const parts = { ...attempt, server: credited, spawner, view, options, token, clientId, progress, tls };
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
  const located = server.target === target ? server : await changeStarting(context, server, { target });
  const { peerVersion } = await waitForHttp(context, { ...attempt, server: located }, spawner, target);
  await requireItself(context, located, spawner, target, signal);
  await context.leases.whenFresh(signal);
  await addRoute(context, located, target, signal);
  await beforeReady();
  const ready = await changeStarting(context, located, {
    phase: 'ready',
    owner: null,
    readyAt: databaseNow,
    lastActivity: databaseNow,
    peerVersion,
    failure: null,
    takeOvers: 0,
  });
  tellServer(context.changes, ready);
  context.changes.publish('queue', '');
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
    const row = await changeStarting(context, server, {
      tokenId: issued.tokenId,
      oauthClientId: issued.clientId,
    });
    return { ...issued, server: row };
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
