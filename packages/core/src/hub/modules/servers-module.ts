import { ContainerModule } from 'inversify';
import { Grants } from '../../access/index.ts';
import { TokenStore } from '../../accounts/index.ts';
import {
  Changes,
  Events,
  HubRun,
  hubTlsName,
  Ids,
  Leases,
  tlsRouteData,
  UnitOfWork,
} from '../../kernel/index.ts';
import { Clock, Logger } from '../../plugin/index.ts';
import { createRoutes, extraRoutes, Routes } from '../../routing/index.ts';
import {
  HubAddress,
  LaunchCredentials,
  ServerHooks,
  ServerOwners,
  ServerRepository,
  ServerRoutes,
  ServerSettings,
  Servers,
  ServerTls,
  Spawners,
  StartChoices,
  serverRouteSource,
  serverRoutes,
} from '../../servers/index.ts';
import { ServiceStore, serviceRouteSource } from '../../services/index.ts';
import { scopesOfRole } from '../check-accounts.ts';
import type { Settings } from '../config.ts';
import type { HubHooks } from '../hooks.ts';
import { launchCredentials } from '../launch-credentials.ts';
import { namedLimit } from '../named-limit.ts';
import { serverHooks } from '../server-hooks.ts';
import { services } from '../tokens.ts';

import type { Given } from './given.ts';

/** Servers, and the proxy's table. */
export function serversModule(
  { settings, addresses, accounts, profiles }: Given,
  operators: HubHooks,
): ContainerModule {
  const routeSettings = { baseUrl: addresses.baseUrl, tls: addresses.tls };
  return new ContainerModule(({ bind }) => {
    bind(ServerSettings).toResolvedValue(
      (owners, clock) => serverSettings(settings, namedLimit(settings, operators, { owners, clock })),
      [ServerOwners, Clock],
    );
    bind(Routes).toResolvedValue(
      (proxies, repository, serviceStore, leases, clock, log, events) =>
        createRoutes({
          proxies,
          sources: [
            serverRouteSource(repository, routeSettings),
            serviceRouteSource(serviceStore, routeSettings),
            extraRoutes(settings.extraRoutes, { hostRouting: false, log }),
          ],
          hubRoute: () => hubRoute(addresses),
          isHolder: () => leases.holds('routes'),
          onHolderChange: (listener) =>
            leases.onDutyChange((duty) => {
              if (duty === 'routes') listener();
            }),
          clock,
          log: log.child({ part: 'routes' }),
          observe: {
            done: ({ kind, milliseconds, ok }) => {
              const seconds = milliseconds / 1000;
              if (kind === 'add') events.emit('routeAdded', { spec: '', ok, seconds });
              if (kind === 'delete') events.emit('routeDeleted', { spec: '', ok, seconds });
              if (kind === 'reconcile') events.emit('routesChecked', { seconds });
            },
          },
        }),
      [services.proxies, ServerRepository, ServiceStore, Leases, Clock, Logger, Events],
    );
    bind(ServerRoutes).toResolvedValue((routes) => serverRoutes(routes, routeSettings), [Routes]);
    bind(ServerHooks).toResolvedValue(
      (authenticators, authStates, lastSeen, log, clock) =>
        serverHooks({
          hooks: operators,
          authenticators,
          authStates,
          lastSeen,
          log: log.child({ part: 'servers' }),
          clock,
          baseUrl: addresses.baseUrl,
          seconds: settings.servers.hookTimeout,
        }),
      [services.authenticators, services.authStates, services.lastSeen, Logger, Clock],
    );
    bind(LaunchCredentials).toResolvedValue(
      (tokens, clients, grants, table, ids, log) =>
        launchCredentials({
          tokens,
          clients,
          grants,
          table,
          ids,
          roleServer: scopesOfRole(accounts, 'server'),
          log: log.child({ part: 'servers' }),
        }),
      [TokenStore, services.oauthClients, Grants, services.scopeTable, Ids, Logger],
    );
    bind(services.starts).toResolvedValue(
      (spawners, clock) =>
        new StartChoices({ spawners, profiles, clock, hookTimeout: settings.servers.hookTimeout }),
      [Spawners, Clock],
    );
    bind(services.servers).toResolvedValue(
      (
        servers,
        spawners,
        starts,
        credentials,
        owners,
        hooks,
        routes,
        unitOfWork,
        changes,
        leases,
        clock,
        ids,
        log,
        events,
        run,
        hub,
        tls,
        own,
      ) =>
        new Servers({
          servers,
          spawners,
          starts,
          credentials,
          owners,
          hooks,
          routes,
          unitOfWork,
          changes,
          leases,
          clock,
          ids,
          log: log.child({ part: 'servers' }),
          events,
          run,
          hub,
          tls,
          settings: own,
          hubEnvironment: process.env,
        }),
      [
        ServerRepository,
        Spawners,
        services.starts,
        LaunchCredentials,
        ServerOwners,
        ServerHooks,
        ServerRoutes,
        UnitOfWork,
        Changes,
        Leases,
        Clock,
        Ids,
        Logger,
        Events,
        HubRun,
        HubAddress,
        ServerTls,
        ServerSettings,
      ],
    );
  });
}

function serverSettings(
  { servers }: Settings,
  namedServerLimit: ServerSettings['namedServerLimit'],
): ServerSettings {
  const [from = 30, to = 60] = servers.retryAfter;
  return {
    concurrentStarts: servers.concurrentStarts,
    queueLimit: servers.queueLimit,
    activeServerLimit: servers.activeLimit,
    namedServers: servers.named,
    namedServerLimit,
    startInvalidNames: servers.invalidNames === 'allow-start',
    slowStart: servers.slowStart,
    slowStop: servers.slowStop,
    retryAfter: [Math.min(from, to), Math.max(from, to)],
    hookTimeout: servers.hookTimeout,
  };
}

function hubRoute({ baseUrl, routeTarget, tls }: Given['addresses']) {
  return { spec: baseUrl, target: routeTarget, data: tlsRouteData(tls, routeTarget, hubTlsName) };
}
