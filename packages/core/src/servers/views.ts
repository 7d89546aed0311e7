import { serverPrefix } from '../kernel/index.ts';
import type { JsonValue, RunningServer, ServerView, UserView } from '../plugin/index.ts';
import type { ServersContext } from './context.ts';
import { launchKey, type ServerRecord } from './server.ts';

/** A server as plugins see it. */
export function serverView(baseUrl: string, server: ServerRecord, owner: UserView): ServerView {
  return {
    id: String(server.id),
    name: server.name,
    displayName: server.displayName,
    owner,
    prefix: serverPrefix(baseUrl, server.userName, server.name),
    attempt: server.attempt,
  };
}

/** A server as its spawner is asked about it. */
export async function runningServer(
  context: ServersContext,
  server: ServerRecord,
  signal: AbortSignal,
): Promise<RunningServer<JsonValue>> {
  const owner = (await context.owners.view(server.userId)) ?? goneOwner(server);
  return {
    key: launchKey(server),
    server: serverView(context.hub.baseUrl, server, owner),
    state: server.state,
    signal,
    log: context.log.child({ user: server.userName, server: server.name }),
  };
}

/** A user deleted meanwhile still has a name, and the server must be stopped all the same. */
function goneOwner(server: ServerRecord): UserView {
  return {
    id: String(server.userId),
    name: server.userName,
    escapedName: encodeURIComponent(server.userName),
    admin: false,
    groups: [],
    created: server.created,
  };
}
