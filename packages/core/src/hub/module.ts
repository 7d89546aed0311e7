import { ContainerModule } from 'inversify';
import { Grants } from '../access/index.ts';
import {
  AccountSetup,
  Activity,
  ActivityStore,
  accessRules,
  CredentialStore,
  Credentials,
  GroupStore,
  Groups,
  LastSeen,
  LoginStore,
  Logins,
  OAuthClients,
  OAuthCodes,
  OAuthStore,
  SignIn,
  StoredScopes,
  TokenStore,
  Tokens,
  type UserNames,
  UserStore,
  Users,
} from '../accounts/index.ts';
import {
  Changes,
  DomainEvents,
  Events,
  HubRun,
  Ids,
  Leases,
  randomIds,
  Sealer,
  UnitOfWork,
  withoutKeys,
} from '../kernel/index.ts';
import { createMetrics } from '../observe/index.ts';
import { Clock, HubInfo, Logger } from '../plugin/index.ts';
import { createRoutes, extraRoutes, Routes } from '../routing/index.ts';
import {
  HubAddress,
  LaunchCredentials,
  ServerHooks,
  ServerOwners,
  ServerRepository,
  ServerRoutes,
  ServerSettings,
  Servers,
  Spawners,
  serverRouteSource,
  serverRoutes,
} from '../servers/index.ts';
import { ServiceStore, serviceRouteSource } from '../services/index.ts';
import {
  postgresAccountSetup,
  postgresActivity,
  postgresCredentials,
  postgresGrants,
  postgresGroups,
  postgresLogins,
  postgresOAuth,
  postgresStoredScopes,
  postgresTokens,
  postgresUsers,
} from '../storage/accounts/index.ts';
import type { Connection } from '../storage/database.ts';
import { Database } from '../storage/database.ts';
import { PostgresChanges } from '../storage/postgres-changes.ts';
import { PostgresLeases } from '../storage/postgres-leases.ts';
import { readTotals } from '../storage/postgres-totals.ts';
import { postgresUnitOfWork } from '../storage/postgres-unit-of-work.ts';
import { postgresServerOwners, postgresServers } from '../storage/servers/index.ts';
import { postgresServices } from '../storage/services/index.ts';
import type { Addresses } from './addresses.ts';
import { type AccountsConfig, scopesOfRole } from './check-accounts.ts';
import type { Settings } from './config.ts';
import { launchCredentials } from './launch-credentials.ts';
import { processAlive } from './place.ts';
import { serverHooks } from './server-hooks.ts';
import { services } from './tokens.ts';

/** What is known before anything is wired. */
export interface Given {
  readonly settings: Settings;
  readonly accounts: AccountsConfig;
  readonly addresses: Addresses;
  readonly run: HubRun;
  readonly log: Logger;
  readonly clock: Clock;
  readonly ids?: Ids;
  /** How to reach the database, once it is open. */
  readonly connection: () => Connection;
  readonly listenConnection: () => Connection;
}

/** Facts and tools of this hub. */
export function kernelModule(given: Given): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(services.settings).toConstantValue(given.settings);
    bind(services.addresses).toConstantValue(given.addresses);
    bind(HubInfo).toConstantValue(given.addresses);
    bind(HubAddress).toConstantValue(given.addresses);
    bind(HubRun).toConstantValue(given.run);
    bind(Logger).toConstantValue(given.log);
    bind(Clock).toConstantValue(given.clock);
    bind(Ids).toConstantValue(given.ids ?? randomIds);
    bind(Sealer).toConstantValue(withoutKeys);
    bind(services.accountsConfig).toConstantValue(given.accounts);
    bind(services.scopeTable).toConstantValue(given.accounts.table);
    bind(Events).toResolvedValue((log) => new DomainEvents(log), [Logger]);
  });
}

/** PostgreSQL behind the ports of the rooms. */
export function storageModule(given: Given): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(services.database).toResolvedValue((log) => new Database(null, log), [Logger]);
    bind(UnitOfWork).toResolvedValue(postgresUnitOfWork, [services.database]);
    bind(services.postgresChanges).toResolvedValue(
      (db, clock, log, run) =>
        new PostgresChanges({ db, listenConnection: given.listenConnection, clock, log, hubId: run.id }),
      [services.database, Clock, Logger, HubRun],
    );
    bind(Changes).toService(services.postgresChanges);
    bind(services.postgresLeases).toResolvedValue(
      (run, clock, log) =>
        new PostgresLeases({ connection: given.connection, run, clock, log, processAlive }),
      [HubRun, Clock, Logger],
    );
    bind(Leases).toService(services.postgresLeases);
    bind(CredentialStore).toResolvedValue(postgresCredentials, [services.database]);
    bind(ActivityStore).toResolvedValue(postgresActivity, [services.database]);
    bind(UserStore).toResolvedValue(postgresUsers, [services.database, Clock]);
    bind(TokenStore).toResolvedValue(postgresTokens, [services.database]);
    bind(OAuthStore).toResolvedValue(postgresOAuth, [services.database]);
    bind(GroupStore).toResolvedValue(postgresGroups, [services.database]);
    bind(StoredScopes).toResolvedValue(postgresStoredScopes, [services.database]);
    bind(LoginStore).toResolvedValue(postgresLogins, [services.database]);
    bind(AccountSetup).toResolvedValue(postgresAccountSetup, [services.database]);
    bind(Grants).toResolvedValue(postgresGrants, [services.database]);
    bind(ServerRepository).toResolvedValue(postgresServers, [services.database]);
    bind(ServerOwners).toResolvedValue(postgresServerOwners, [services.database]);
    bind(ServiceStore).toResolvedValue(postgresServices, [services.database]);
    bind(services.metrics).toResolvedValue(
      (events, db) => createMetrics(events, () => readTotals(db), process.env),
      [Events, services.database],
    );
  });
}

/** Users, tokens, logins, and the way in. */
export function accountsModule({ settings, accounts }: Given): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(services.lastSeen).toResolvedValue(
      (store, clock, log) =>
        new LastSeen({ store, clock, log, activityResolution: settings.activityResolution }),
      [ActivityStore, Clock, Logger],
    );
    bind(services.credentials).toResolvedValue(
      (store, grants, table, lastSeen) => new Credentials({ store, grants, table, lastSeen }),
      [CredentialStore, Grants, services.scopeTable, services.lastSeen],
    );
    bind(services.accessRules).toResolvedValue(
      (authenticators) => {
        const { allowExisting, ...rest } = settings.access;
        return once(() =>
          accessRules(
            { ...rest, ...(allowExisting === null ? {} : { allowExisting }) },
            authenticators,
            accounts.named,
          ),
        );
      },
      [services.authenticators],
    );
    bind(services.users).toResolvedValue(
      (store, scopes, sealer, work, events, rules) =>
        new Users({ store, scopes, sealer, work, events, names: laterNames(rules) }),
      [UserStore, StoredScopes, Sealer, UnitOfWork, Events, services.accessRules],
    );
    bind(services.groups).toResolvedValue(
      (store, work, rules) => new Groups({ store, work, names: laterNames(rules) }),
      [GroupStore, UnitOfWork, services.accessRules],
    );
    bind(services.tokens).toResolvedValue(
      (store, grants, table, work, events, ids) =>
        new Tokens({
          store,
          grants,
          table,
          work,
          events,
          ids,
          defaultScopes: scopesOfRole(accounts, 'token'),
          maxExpiresIn: settings.tokens.maxSeconds || null,
        }),
      [TokenStore, Grants, services.scopeTable, UnitOfWork, Events, Ids],
    );
    bind(services.logins).toResolvedValue(
      (store, tokens, work, events, clock, ids) =>
        new Logins({ store, tokens, work, events, clock, ids, maxAgeDays: settings.cookies.maxAgeDays }),
      [LoginStore, TokenStore, UnitOfWork, Events, Clock, Ids],
    );
    bind(services.activity).toResolvedValue(
      (store, lastSeen) => new Activity({ store, lastSeen }),
      [ActivityStore, services.lastSeen],
    );
    bind(services.oauthClients).toResolvedValue((store) => new OAuthClients({ store }), [OAuthStore]);
    bind(services.oauthCodes).toResolvedValue(
      (store, ids) => new OAuthCodes({ store, ids }),
      [OAuthStore, Ids],
    );
    bind(services.signIn).toResolvedValue(
      (authenticators, rules, store, users, logins, work, events, clock, log) =>
        once(async () => {
          const known = { authenticators, rules: await rules(), store, users, logins, work, events, clock };
          return new SignIn({
            ...known,
            log: log.child({ part: 'sign-in' }),
            pluginTimeout: settings.servers.hookTimeout,
          });
        }),
      [
        services.authenticators,
        services.accessRules,
        UserStore,
        services.users,
        services.logins,
        UnitOfWork,
        Events,
        Clock,
        Logger,
      ],
    );
  });
}

/** Servers, and the proxy's table. */
export function serversModule({ settings, addresses, accounts }: Given): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(ServerSettings).toConstantValue(serverSettings(settings));
    bind(Routes).toResolvedValue(
      (proxies, repository, serviceStore, leases, clock, log, events) =>
        createRoutes({
          proxies,
          sources: [
            serverRouteSource(repository, addresses.baseUrl),
            serviceRouteSource(serviceStore, addresses.baseUrl),
            extraRoutes(settings.extraRoutes, { hostRouting: false, log }),
          ],
          hubRoute: () => ({ spec: addresses.baseUrl, target: addresses.routeTarget }),
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
    bind(ServerRoutes).toResolvedValue((routes) => serverRoutes(routes, addresses.baseUrl), [Routes]);
    bind(ServerHooks).toResolvedValue(
      (authenticators, clock) =>
        serverHooks({
          authenticators,
          clock,
          baseUrl: addresses.baseUrl,
          seconds: settings.servers.hookTimeout,
        }),
      [services.authenticators, Clock],
    );
    bind(LaunchCredentials).toResolvedValue(
      (tokens, clients, grants, table, ids) =>
        launchCredentials({
          tokens,
          clients,
          grants,
          table,
          ids,
          roleServer: scopesOfRole(accounts, 'server'),
        }),
      [TokenStore, services.oauthClients, Grants, services.scopeTable, Ids],
    );
    bind(services.servers).toResolvedValue(
      (
        servers,
        spawners,
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
        own,
      ) =>
        new Servers({
          servers,
          spawners,
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
          settings: own,
          hubEnvironment: process.env,
        }),
      [
        ServerRepository,
        Spawners,
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
        ServerSettings,
      ],
    );
  });
}

function serverSettings({ servers }: Settings): ServerSettings {
  const [from = 30, to = 60] = servers.retryAfter;
  return {
    concurrentStarts: servers.concurrentStarts,
    queueLimit: servers.queueLimit,
    activeServerLimit: servers.activeLimit,
    namedServers: servers.named,
    namedServerLimit: servers.limit,
    slowStart: servers.slowStart,
    slowStop: servers.slowStop,
    retryAfter: [Math.min(from, to), Math.max(from, to)],
    hookTimeout: servers.hookTimeout,
  };
}

/** Names follow rules that take a moment to read: an authenticator may normalise them with a question to the system. */
function laterNames(rules: () => Promise<{ readonly names: UserNames }>): UserNames {
  let known: UserNames | null = null;
  return {
    async normalise(name) {
      known ??= (await rules()).names;
      return known.normalise(name);
    },
    isValid: (name) => known?.isValid(name) ?? false,
  };
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | null = null;
  return () => {
    result ??= work();
    return result;
  };
}
