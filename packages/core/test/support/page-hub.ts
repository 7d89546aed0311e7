import type { AddressInfo } from 'node:net';
import { builtInScopeTable } from '../../src/access/index.ts';
import type { AuthenticatorInstance } from '../../src/accounts/index.ts';
import { createHttpServer, json } from '../../src/http/index.ts';
import { sessions } from '../../src/hub/sessions.ts';
import { randomIds, systemClock } from '../../src/kernel/index.ts';
import {
  otherwise,
  type PageDeps,
  type PageSettings,
  pageRoutes,
  plainPages,
  renderError,
} from '../../src/pages/index.ts';
import type { Authenticator, Options, Pages } from '../../src/plugin/index.ts';
import { spawnerOptions } from '../../src/plugin/index.ts';
import {
  defaultServerSettings,
  type Profiles,
  type ServerOwner,
  Servers,
  StartChoices,
  spawners,
} from '../../src/servers/index.ts';
import { PostgresChanges } from '../../src/storage/postgres-changes.ts';
import { postgresServerOwners, postgresServers } from '../../src/storage/servers/index.ts';
import { openAccounts, tester } from './accounts.ts';
import { Browser } from './browser.ts';
import { type FakeSpawner, fakeSpawner } from './fake-spawner.ts';
import { silentLogger } from './silent-logger.ts';

export { tester };

/** A hub of accounts, servers and pages, on a real port and a real database. */
export type PageHub = Awaited<ReturnType<typeof openPageHub>>;

/** What a test changes about it. */
export interface PageHubOptions {
  readonly spawner?: FakeSpawner;
  readonly authenticators?: readonly AuthenticatorInstance[];
  readonly settings?: Partial<PageSettings>;
  readonly deps?: Partial<PageDeps>;
  readonly pages?: Pages;
  readonly basePath?: string;
  readonly named?: boolean;
  readonly profiles?: Profiles;
  /** Options every spawner has, where they are to be other than the defaults. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** More spawners, by id; the first is called `fake`. */
  readonly moreSpawners?: Readonly<Record<string, FakeSpawner>>;
}

/** Lets in whoever gives the password `secret`. */
export const secretAuthenticator: Authenticator = {
  login: { form: { fields: ['username', 'password'] } },
  authenticate: async (_request, { username = '', password }) =>
    password === 'secret' ? { name: username } : null,
};

const { memLimit, memGuarantee, cpuLimit, cpuGuarantee, ...common } = spawnerOptions;
const defaults = Object.fromEntries(
  Object.entries({ ...common, memLimit, memGuarantee, cpuLimit, cpuGuarantee }).map(([name, option]) => [
    name,
    option.default,
  ]),
);

/** Starts one. */
export async function openPageHub(options: PageHubOptions = {}) {
  const { spawner = fakeSpawner(), basePath = '/', pages = plainPages } = options;
  const authenticators = options.authenticators ?? [{ id: 'dummy', authenticator: secretAuthenticator }];
  const accounts = await openAccounts({ authenticators, access: { allowAll: true } });
  const { db, work, events, grants, sql } = accounts;
  const hubPath = `${basePath}hub/`;
  const run = { id: randomIds.uuid(), host: 'test', place: 'test' };
  await sql`INSERT INTO hubs (id, host, place, pid, process_start, version, listen_url, connect_url, started_at, lease_until)
    VALUES (${run.id}, 'test', 'test', 1, '', '0', '', '', hub_now(), hub_now() + interval '1 day')`;

  const changes = new PostgresChanges({
    db,
    listenConnection: () => accounts.database.connection,
    clock: systemClock,
    log: silentLogger,
    hubId: run.id,
  });
  await changes.open();
  const own = { ...defaults, ...options.options };
  const drivers = { fake: spawner, ...options.moreSpawners };
  const registry = spawners(
    Object.entries(drivers).map(([id, { driver }]) => ({
      id,
      name: id,
      version: '0',
      driver,
      // The defaults of the very schema this type is made from.
      options: own as Options<{ type: 'object'; properties: typeof spawnerOptions }>,
      schema: spawnerOptions,
      given: own,
      problems: () => [],
    })),
  );
  const starts = new StartChoices({
    spawners: registry,
    profiles: options.profiles ?? [],
    clock: systemClock,
    hookTimeout: 30,
  });
  const rows = postgresServers(db);
  const servers = new Servers({
    servers: rows,
    spawners: registry,
    starts,
    credentials: {
      issue: async () => ({ token: 'not-a-token', tokenId: 0, clientId: `client-${randomIds.hex32()}` }),
      revoke: async () => undefined,
    },
    owners: postgresServerOwners(db),
    hooks: {
      beforeSpawn: async () => [],
      afterSpawn: async () => undefined,
      onSpawnFailure: async () => undefined,
      progressReady: async (event) => event,
      afterStop: async () => undefined,
    },
    routes: { add: async () => undefined, remove: async () => undefined },
    tls: null,
    unitOfWork: work,
    changes,
    leases: {
      fresh: true,
      whenFresh: async () => undefined,
      holds: () => true,
      seek: () => undefined,
      onDutyChange: () => () => undefined,
    },
    clock: systemClock,
    ids: randomIds,
    log: silentLogger,
    events,
    run,
    hub: {
      baseUrl: basePath,
      hubPrefix: hubPath,
      connectUrl: 'http://127.0.0.1:1',
      publicUrl: '',
      cookieOptions: {},
      cookieHostPrefix: false,
    },
    settings: { ...defaultServerSettings, namedServers: options.named ?? false, namedServerLimit: 2 },
    hubEnvironment: {},
  });
  servers.open();

  const memberships = {
    groupsOf: async (user: string) => (await grants.membershipOf(new Set([user]))).groupsOf(user),
  };
  const deps: PageDeps = {
    pages,
    users: accounts.users,
    tokens: accounts.tokens,
    logins: accounts.logins,
    clients: accounts.clients,
    servers,
    starts,
    authenticators,
    signIn: async () => accounts.signIn,
    memberships,
    askAgain: { beforeStart: async () => undefined, beforeStop: async () => undefined },
    table: builtInScopeTable,
    clock: systemClock,
    log: silentLogger,
    places: { baseUrl: basePath, hubPrefix: hubPath, subdomainHost: null },
    version: '0.1.0',
    compatibleVersion: '6.1.1',
    settings: {
      defaultUrl: '',
      redirectToServer: true,
      defaultServerName: '',
      implicitStartSeconds: 0,
      redirectLimit: 4,
      stoppedStatus: 424,
      tokenMaxSeconds: 0,
      shutdownOnLogout: false,
      hookTimeout: 30,
      formLimit: 10_485_760,
      ...options.settings,
    },
    ...options.deps,
  };
  const server = createHttpServer({
    sessions: sessions(accounts.credentials),
    memberships,
    clock: systemClock,
    ids: randomIds,
    log: silentLogger,
    cookies: {
      secret: Buffer.alloc(32, 7),
      basePath,
      hubPath,
      maxAgeDays: 14,
      hostPrefix: false,
      sessionDomain: null,
      options: {},
    },
    forwarded: { trustedDownstream: new Set(), trustRealIp: true },
    anonymousId: { headers: ['User-Agent'], cidrs: [] },
    publicUrl: '',
    subdomainHost: null,
    compatibleVersion: '6.1.1',
    headers: {},
    renderError: (page, context) => renderError(page, context, deps),
    otherwise: (context) => otherwise(context, deps),
  });
  pageRoutes(server, deps);
  server.api.route('GET', '/user', {
    identity: 'any',
    handle: ({ caller }) => json({ kind: caller.kind }),
  });
  await server.ready();
  await server.fastify.listen({ host: '127.0.0.1', port: 0 });
  const origin = `http://127.0.0.1:${(server.fastify.server.address() as AddressInfo).port}`;

  return {
    ...accounts,
    origin,
    servers,
    /** A named server that was never started. */
    addServer: (owner: ServerOwner, name: string, displayName = name) =>
      rows.ensure(owner.id, name, { displayName, spawner: registry.first.id }),
    spawner,
    deps,
    routes: server.routes,
    browser: () => new Browser(origin),
    /** A browser in which the user, made when new, is signed in by the form. */
    async signIn(name: string): Promise<Browser> {
      const browser = new Browser(origin);
      await browser.get(`${hubPath}login`);
      const form = { _xsrf: browser.cookie('_xsrf') ?? '', username: name, password: 'secret' };
      const { status, text } = await browser.post(`${hubPath}login`, form);
      if (status !== 302) throw new Error(`sign-in answered ${status}: ${text}`);
      return browser;
    },
    /** Starts the user's server and waits until it is ready. */
    async startServer(name: string, server = ''): Promise<void> {
      const owner = (await accounts.users.get(name)) ?? (await accounts.user(name));
      const request = { actor: tester, userOptions: null, displayName: null, bulk: false };
      const row = await servers.requestStart(owner, server, request);
      await servers.startOutcome(row, 20);
    },
    async [Symbol.asyncDispose](): Promise<void> {
      server.fastify.server.closeAllConnections();
      await server.close();
      await servers.close();
      for (const one of Object.values(drivers)) await one.close();
      await changes.close();
      await accounts[Symbol.asyncDispose]();
    },
  };
}
