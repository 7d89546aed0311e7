import { Grants, ScopeSet, userScopes } from '../access/index.ts';
import { userHooks } from '../actions/index.ts';
import type { ApiDeps } from '../api/index.ts';
import { type Context, ownerOf } from '../http/index.ts';
import { UnitOfWork } from '../kernel/index.ts';
import type { RequestView } from '../plugin/index.ts';
import { RouteCheck, Routes } from '../routing/index.ts';
import { Spawners } from '../servers/index.ts';
import type { HubParts, StopOptions } from './hub.ts';
import { roleScopes } from './role-scopes.ts';
import { sessions } from './sessions.ts';
import { services } from './tokens.ts';

/** What the REST API works with, out of the container. */
export function apiDeps(parts: HubParts, shutDown: (how: StopOptions) => void): ApiDeps {
  const { container, settings, addresses, clock, log, config } = parts;
  const authenticators = container.get(services.authenticators);
  const grants = container.get(Grants);
  const table = container.get(services.scopeTable);
  const spawner = container.get(Spawners).first;
  const first = config.plugins.find(({ id }) => id === authenticators[0]?.id);
  return {
    users: container.get(services.users),
    tokens: container.get(services.tokens),
    logins: container.get(services.logins),
    activity: container.get(services.activity),
    servers: container.get(services.servers),
    serverDetails: container.get(services.serverDetails),
    groups: container.get(services.groups),
    shares: container.get(services.shares),
    shareCodes: container.get(services.shareCodes),
    routes: container.get(Routes),
    routeCheck: container.get(RouteCheck),
    proxies: [...container.get(services.proxies).values()],
    sessions: sessions(container.get(services.credentials)),
    clock,
    work: container.get(UnitOfWork),
    grants,
    table,
    roleScopes: roleScopes(container),
    services: container.get(services.serviceAccounts),
    async scopesOfUser(id) {
      const held = await grants.ofUser(String(id));
      return held ? userScopes(table, held) : ScopeSet.empty;
    },
    async verifyPassword(context, fields) {
      const signIn = await container.get(services.signIn)();
      const withPassword = authenticators.filter(({ authenticator }) => !('button' in authenticator.login));
      return signIn.verify(
        withPassword.map(({ id }) => id),
        { request: requestView(context), sessionId: null },
        fields,
      );
    },
    hooks: userHooks({ authenticators, clock, seconds: settings.servers.hookTimeout }),
    askAgain: container.get(services.askAgain),
    log: log.child({ part: 'api' }),
    places: addresses,
    pageLimits: { default: settings.http.pageLimit, max: settings.http.pageMaxLimit },
    slowStart: settings.servers.slowStart,
    slowStop: settings.servers.slowStop,
    info: {
      version: addresses.compatibleVersion,
      spawner: { class: spawner.name, version: spawner.version },
      authenticator: { class: first?.name ?? 'unknown', version: first?.version ?? 'unknown' },
    },
    shutDown: ({ servers, proxy }) =>
      shutDown({
        ...(servers === undefined ? {} : { keepServers: !servers }),
        ...(proxy === undefined ? {} : { keepProxy: !proxy }),
      }),
  };
}

/** A request as plugins see it. */
export function requestView(context: Context): RequestView {
  const owner = ownerOf(context.caller);
  const { method, url, path, headers, ip } = context;
  const query = Object.fromEntries([...context.searchParams]);
  return {
    method,
    url,
    path,
    query,
    headers,
    ip,
    origin: context.origin,
    user: owner?.kind === 'user' ? owner.user : null,
  };
}
