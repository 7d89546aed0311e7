import type { ScopeTable } from '../access/index.ts';
import type {
  AccessRules,
  Activity,
  AuthenticatorInstance,
  AuthStates,
  Credentials,
  Groups,
  IdentityRefresh,
  IdentityStep,
  KeptStateDeps,
  LastSeen,
  Logins,
  OAuthClients,
  OAuthCodes,
  Refusals,
  SignIn,
  Throttle,
  Tokens,
  Users,
} from '../accounts/index.ts';
import type { AskAgain } from '../actions/index.ts';
import type { LaterKeyedDigest } from '../kernel/index.ts';
import type { Metrics } from '../observe/index.ts';
import { type Proxy as HubProxy, type Pages, token } from '../plugin/index.ts';
import type { ServerDetails, Servers, StartChoices } from '../servers/index.ts';
import type { ServiceHealth, Services } from '../services/index.ts';
import type { ShareCodes, Shares } from '../sharing/index.ts';
import type { Database } from '../storage/database.ts';
import type { PostgresChanges } from '../storage/postgres-changes.ts';
import type { PostgresLeases } from '../storage/postgres-leases.ts';
import type { Authorities, HubTls } from '../tls/index.ts';
import type { Addresses } from './addresses.ts';
import type { AccountsConfig } from './check-accounts.ts';
import type { Settings } from './config.ts';

/** Names under which the container knows the hub's own services; modules of a configuration may rebind them. */
export const services = {
  settings: token<Settings>('Settings'),
  addresses: token<Addresses>('Addresses'),
  database: token<Database>('Database'),
  postgresChanges: token<PostgresChanges>('PostgresChanges'),
  postgresLeases: token<PostgresLeases>('PostgresLeases'),
  accountsConfig: token<AccountsConfig>('AccountsConfig'),
  scopeTable: token<ScopeTable>('ScopeTable'),
  authenticators: token<readonly AuthenticatorInstance[]>('Authenticators'),
  proxies: token<ReadonlyMap<string, HubProxy>>('Proxies'),
  pages: token<Pages | null>('OptionalPages'),
  lastSeen: token<LastSeen>('LastSeen'),
  credentials: token<Credentials>('Credentials'),
  authStates: token<AuthStates>('AuthStates'),
  keptState: token<KeptStateDeps>('KeptState'),
  managedSteps: token<readonly IdentityStep[]>('ManagedSteps'),
  signInSteps: token<readonly IdentityStep[]>('SignInSteps'),
  identityRefresh: token<() => Promise<IdentityRefresh>>('IdentityRefresh'),
  askAgain: token<AskAgain>('AskAgain'),
  users: token<Users>('Users'),
  groups: token<Groups>('Groups'),
  tokens: token<Tokens>('Tokens'),
  logins: token<Logins>('Logins'),
  activity: token<Activity>('Activity'),
  oauthClients: token<OAuthClients>('OAuthClients'),
  oauthCodes: token<OAuthCodes>('OAuthCodes'),
  accessRules: token<() => Promise<AccessRules>>('AccessRules'),
  keyedDigest: token<LaterKeyedDigest>('LaterKeyedDigest'),
  throttle: token<Throttle>('Throttle'),
  refusals: token<Refusals>('Refusals'),
  signIn: token<() => Promise<SignIn>>('SignIn'),
  servers: token<Servers>('Servers'),
  starts: token<StartChoices>('StartChoices'),
  serverDetails: token<ServerDetails>('ServerDetails'),
  shares: token<Shares>('Shares'),
  shareCodes: token<ShareCodes>('ShareCodes'),
  serviceAccounts: token<Services>('Services'),
  serviceHealth: token<ServiceHealth>('ServiceHealth'),
  metrics: token<Metrics>('Metrics'),
  authorities: token<Authorities>('TlsAuthorities'),
  hubTls: token<HubTls | null>('HubTls'),
} as const;
