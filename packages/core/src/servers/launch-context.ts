import {
  type ForLaunch,
  HubError,
  type JsonValue,
  type Launch,
  type LaunchView,
  type ServerCertificate,
  type UserView,
} from '../plugin/index.ts';
import { type Attempt, changeStarting } from './attempt.ts';
import type { ServersContext } from './context.ts';
import { serverEnvironment } from './environment.ts';
import type { LaunchOptions } from './launch-options.ts';
import { secretValues } from './log-secrets.ts';
import { originOf } from './origin.ts';
import type { ProgressLog } from './progress-log.ts';
import { launchKey, type ServerRecord } from './server.ts';
import { encrypted, targetOf } from './server-tls.ts';
import type { SpawnerInstance } from './spawners.ts';
import { serverView } from './views.ts';

/** All that was worked out for a launch before its spawner is called. */
export interface LaunchParts extends Attempt {
  readonly spawner: SpawnerInstance;
  readonly view: LaunchView;
  readonly options: LaunchOptions;
  readonly token: string;
  readonly clientId: string;
  readonly tls: ServerCertificate | null;
  readonly progress: ProgressLog;
}

/** A launch as those see it who may change it. */
export function launchView(
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

/** What a spawner gets; `onSaved` hears of each row that {@link Launch.saveState} has written. */
export function launchContext(
  context: ServersContext,
  parts: LaunchParts,
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
    tls: parts.tls,
    environment: async (bind, files) => {
      if (parts.tls && !files) throw withoutFiles(spawner);
      const fromSpawner = (await spawner.driver.env?.(launch)) ?? {};
      const made = { hub, server, options: options.common, token, clientId, hubEnvironment, fromSpawner };
      const environment = await serverEnvironment(
        { ...made, files: (parts.tls && files) ?? null },
        parts.tls ? encrypted(bind) : bind,
      );
      for (const secret of secretValues(environment)) parts.secrets.add(secret);
      return environment;
    },
    progress: (event) => parts.progress.add(event),
    saveState: async (state) => {
      await context.leases.whenFresh(signal);
      signal.throwIfAborted();
      const host = spawner.driver.hostBound ? context.run.host : null;
      const target = await targetSoFar(parts, state);
      onSaved(await changeStarting(context, server, { state, host, target }));
    },
    reportExit: parts.reportExit,
  };
  return launch;
}

/** Most spawners know, when they save a state, where the server will listen: that is one write less. */
async function targetSoFar({ spawner, view, tls }: LaunchParts, state: JsonValue): Promise<string | null> {
  try {
    const address = await spawner.driver.address?.({ ...view, state });
    return address ? targetOf(originOf(address, spawner), tls !== null) : null;
  } catch {
    return null; // it is asked again when its start is over
  }
}

function withoutFiles({ name }: SpawnerInstance): HubError {
  return new HubError('HUB_PLUGIN_FAILED', `${name} did not say where the certificates of a server are.`, {
    hint: 'Give the paths to `launch.environment(bind, files)`.',
  });
}
