import {
  checkScopes,
  clientAllowedScopes,
  type Grants,
  type ScopeTable,
  serverTokenScopes,
} from '../access/index.ts';
import { hubClientId, mintToken, type OAuthClients, type TokenStore } from '../accounts/index.ts';
import type { Ids } from '../kernel/index.ts';
import { HubError, type Logger } from '../plugin/index.ts';
import type { LaunchCredentials } from '../servers/index.ts';

/** What the secrets of servers are made with. */
export interface LaunchCredentialsDeps {
  readonly tokens: TokenStore;
  readonly clients: OAuthClients;
  readonly grants: Grants;
  readonly table: ScopeTable;
  readonly ids: Ids;
  /** Raw scopes of the role `server`. */
  readonly roleServer: readonly string[];
  readonly log: Logger;
}

/** A server's API token, which is also the secret of its OAuth client (W66, W87, R162, R163). */
export function launchCredentials(deps: LaunchCredentialsDeps): LaunchCredentials {
  const doubts = scopeDoubts(deps);
  return {
    async issue(server, wanted) {
      const user = await deps.grants.ofUser(String(server.userId));
      if (!user) throw new HubError('HUB_NOT_FOUND', `The user ${server.userName} is gone.`);
      const { granted, activityAdded } = serverTokenScopes(
        { table: deps.table, user },
        wanted.tokenScopes,
        deps.roleServer,
        server.name,
      );
      doubts(wanted, activityAdded);
      const { id, token } = await mintToken(
        { store: deps.tokens, ids: deps.ids },
        {
          ownerKind: 'user',
          ownerId: server.userId,
          clientId: hubClientId,
          sessionId: null,
          note: wanted.description,
          scopes: granted,
          expiresIn: null,
        },
      );
      const clientId = await putClient(deps.clients, wanted.clientIds, {
        description: wanted.description,
        secret: token,
        redirectUri: wanted.redirectUri,
        allowedScopes: clientAllowedScopes(wanted.clientScopes, {
          kind: 'server',
          user: server.userName,
          server: server.name,
        }),
        serverId: server.id,
      });
      return { token, tokenId: id, clientId };
    },

    async revoke(server) {
      if (server.tokenId !== null) await deps.tokens.remove(server.tokenId);
      if (server.oauthClientId !== null) await deps.clients.remove(server.oauthClientId);
    },
  };
}

/** Says once what of the scopes asked for is a mistake; a start goes on without it (P234). */
function scopeDoubts({ table, log }: LaunchCredentialsDeps) {
  const told = new Set<string>();
  const once = (key: string, fields: object, message: string) => {
    if (told.has(key)) return;
    told.add(key);
    log.warn(fields, message);
  };
  return (
    wanted: { readonly tokenScopes: readonly string[]; readonly clientScopes: readonly string[] },
    activityAdded: boolean,
  ) => {
    if (activityAdded && wanted.tokenScopes.length > 0) {
      const message = 'serverTokenScopes lacks "users:activity!user", which every server gets';
      once('activity', { scopes: wanted.tokenScopes }, message);
    }
    for (const option of ['tokenScopes', 'clientScopes'] as const) {
      const unknown = wanted[option].filter((scope) => checkScopes(table, [scope]).length > 0);
      if (unknown.length === 0) continue;
      once(`${option} ${unknown.join(' ')}`, { scopes: unknown }, 'scopes for servers that do not exist');
    }
  };
}

/** W66: `jupyterhub-user-zz-b` may be another user's; the second form cannot be. */
async function putClient(
  clients: OAuthClients,
  ids: readonly string[],
  client: Omit<Parameters<OAuthClients['putOfServer']>[0], 'identifier'>,
): Promise<string> {
  for (const identifier of ids) {
    if (await clients.putOfServer({ ...client, identifier })) return identifier;
  }
  throw new HubError('HUB_CONFLICT', `No OAuth client id is free for server ${client.serverId}.`);
}
