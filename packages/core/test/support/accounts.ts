import {
  type AccessSettings,
  Activity,
  type AuthenticatorInstance,
  AuthStates,
  accessRules,
  applyAccounts,
  Credentials,
  type IdentityStep,
  LastSeen,
  Logins,
  type LongestLives,
  OAuthClients,
  OAuthCodes,
  type PostAuth,
  Refusals,
  SignIn,
  Throttle,
  type ThrottleSettings,
  Tokens,
  Users,
} from '../../src/accounts/index.ts';
import { checkAccounts, type StatedAccounts, scopesOfRole } from '../../src/hub/check-accounts.ts';
import {
  type Actor,
  DomainEvents,
  LaterKeyedDigest,
  randomIds,
  type Sealer,
  systemClock,
  withoutKeys,
} from '../../src/kernel/index.ts';
import type { Clock, Logger } from '../../src/plugin/index.ts';
import {
  postgresAccountSetup,
  postgresActivity,
  postgresCredentials,
  postgresGrants,
  postgresIdentities,
  postgresLogins,
  postgresOAuth,
  postgresSignInFailures,
  postgresStoredScopes,
  postgresTokens,
  postgresUsers,
} from '../../src/storage/accounts/index.ts';
import { Database } from '../../src/storage/database.ts';
import { postgresUnitOfWork } from '../../src/storage/postgres-unit-of-work.ts';
import { type TestDatabase, testDatabase } from './database.ts';
import { silentLogger } from './silent-logger.ts';

/** Who does things in tests. */
export const tester: Actor = { kind: 'user', name: 'tester' };

/** What a room of accounts is made with in a test. */
export interface AccountsOptions {
  readonly database?: TestDatabase;
  readonly authenticators?: readonly AuthenticatorInstance[];
  readonly access?: AccessSettings;
  /** Roles, groups, services and scopes, as a configuration states them. */
  readonly stated?: StatedAccounts;
  readonly activityResolution?: number;
  readonly lives?: Partial<LongestLives>;
  readonly steps?: readonly IdentityStep[];
  readonly postAuth?: PostAuth;
  readonly log?: Logger;
  readonly pluginTimeout?: number;
  readonly sealer?: Sealer;
  /** Nobody waits unless told. */
  readonly throttle?: Partial<ThrottleSettings>;
  readonly refusalSeconds?: number;
  readonly clock?: Clock;
}

const noThrottle: ThrottleSettings = {
  accountTries: 0,
  addressTries: 0,
  firstWait: 1,
  longestWait: 60,
  forgetAfter: 3600,
  placeDays: 30,
  sharedNetworks: [],
};

/** Everything of accounts/ over a real database, with the default roles applied. */
export type Accounts = Awaited<ReturnType<typeof openAccounts>>;

/** Opens accounts over a database of its own, or over the given one as a second hub would. */
export async function openAccounts(options: AccountsOptions = {}) {
  const database = options.database ?? (await testDatabase());
  const log = options.log ?? silentLogger;
  const clock = options.clock ?? systemClock;
  const ids = randomIds;
  const db = new Database(database.connection, log);
  const work = postgresUnitOfWork(db, log);
  const events = new DomainEvents(log);
  const { accounts, problems } = checkAccounts(options.stated ?? {}, '/');
  if (problems.length > 0) throw new Error(problems.join('; '));
  const { table } = accounts;
  const authenticators = options.authenticators ?? [];
  const rules = await accessRules(options.access ?? {}, authenticators, accounts.named);

  const store = postgresUsers(db, clock);
  const tokenStore = postgresTokens(db);
  const oauth = postgresOAuth(db);
  const grants = postgresGrants(db);
  const lives = { tokenSeconds: null, loginSeconds: 14 * 24 * 3600, idleSeconds: null, ...options.lives };
  const activityStore = postgresActivity(db, lives);
  const { activityResolution } = options;
  const lastSeen = new LastSeen({
    store: activityStore,
    clock,
    log,
    ...(activityResolution === undefined ? {} : { activityResolution }),
  });
  const identities = postgresIdentities(db);
  const authStates = new AuthStates({ store: identities, sealer: options.sealer ?? withoutKeys, log });
  const users = new Users({
    store,
    scopes: postgresStoredScopes(db),
    authStates,
    work,
    events,
    names: rules.names,
  });
  const clients = new OAuthClients({ store: oauth });
  const logins = new Logins({
    store: postgresLogins(db),
    tokens: tokenStore,
    work,
    events,
    clock,
    ids,
    lives,
  });
  const tokens = new Tokens({
    store: tokenStore,
    grants,
    table,
    work,
    events,
    ids,
    defaultScopes: scopesOfRole(accounts, 'token'),
    lives,
  });
  const digest = new LaterKeyedDigest();
  digest.useKey(Buffer.alloc(32, 9));
  const refusals = new Refusals({
    users: store,
    work,
    events,
    clock,
    ids,
    digest,
    refusalSeconds: options.refusalSeconds ?? 0,
  });
  const failures = postgresSignInFailures(db);
  const throttle = new Throttle({
    failures,
    digest,
    settings: { ...noThrottle, ...options.throttle },
    clock,
    pluginTimeout: options.pluginTimeout ?? 30,
    log,
  });
  const signIn = new SignIn({
    authenticators,
    rules,
    store,
    users,
    logins,
    work,
    events,
    clock,
    log,
    throttle,
    refusals,
    steps: options.steps ?? [],
    postAuth: options.postAuth ?? null,
    pluginTimeout: options.pluginTimeout ?? 30,
  });
  const apply = () =>
    applyAccounts(
      { ...accounts, rules, roles: [...accounts.roles.values()] },
      { setup: postgresAccountSetup(db), users: store, clients, work },
    );
  const applied = await apply();

  return {
    database,
    authStates,
    clock,
    log,
    db,
    sql: db.client,
    work,
    events,
    rules,
    store,
    tokenStore,
    grants,
    lastSeen,
    users,
    clients,
    logins,
    tokens,
    signIn,
    throttle,
    failures,
    refusals,
    digest,
    applied,
    apply,
    codes: new OAuthCodes({ store: oauth, ids }),
    activity: new Activity({ store: activityStore, lastSeen }),
    credentials: new Credentials({ store: postgresCredentials(db), grants, table, lastSeen }),
    /** Makes a user and answers with the id and name. */
    async user(name: string, admin = false) {
      const { created } = await users.create(tester, [name], admin);
      if (!created[0]) throw new Error(`${name} was there already`);
      return created[0];
    },
    /** Moves the database's clock ahead. */
    async passTime(seconds: number): Promise<void> {
      await db.client`INSERT INTO settings (key, value) VALUES ('clock_offset', to_jsonb(${seconds}::float8))
        ON CONFLICT (key) DO UPDATE SET value = to_jsonb((settings.value #>> '{}')::float8 + ${seconds}::float8)`;
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await refusals.close();
      await lastSeen.drain();
      await db.close();
      if (!options.database) await database.drop();
    },
  };
}
