import type { ForLaunch, JsonValue, Launch, LaunchView, UserView } from '../plugin/index.ts';
import { type Attempt, changeStarting } from './attempt.ts';
import type { ServersContext } from './context.ts';
import { serverEnvironment } from './environment.ts';
import type { LaunchOptions } from './launch-options.ts';
import { secretValues } from './log-secrets.ts';
import type { ProgressLog } from './progress-log.ts';
import { launchKey, type ServerRecord } from './server.ts';
import type { SpawnerInstance } from './spawners.ts';
import { serverView } from './views.ts';

/** All that was worked out for a launch before its spawner is called. */
export interface LaunchParts extends Attempt {
  readonly spawner: SpawnerInstance;
  readonly view: LaunchView;
  readonly options: LaunchOptions;
  readonly token: string;
  readonly clientId: string;
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
      onSaved(await changeStarting(context, server, { state, host }));
    },
    reportExit: parts.reportExit,
  };
  return launch;
}
