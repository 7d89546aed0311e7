import type { ScopeTable } from '../access/index.ts';
import { type Grants, ScopeSet, tokenScopes, usersNeededForToken } from '../access/index.ts';
import type { Activity, Groups, Logins, TokenRecord, Tokens, UserDetails, Users } from '../accounts/index.ts';
import type { AskAgain, UserHooks } from '../actions/index.ts';
import type { Caller, Context, PageLimits, Sessions } from '../http/index.ts';
import type { Actor, UnitOfWork } from '../kernel/index.ts';
import { type Clock, HubError, type Proxy as HubProxy, type Logger } from '../plugin/index.ts';
import type { RouteCheck, Routes } from '../routing/index.ts';
import type { ServerDetails, Servers } from '../servers/index.ts';
import { noSuchService, type ServiceDetails, type Services } from '../services/index.ts';
import type { ShareCodes, Shares } from '../sharing/index.ts';
import type { ModelPlaces } from './models.ts';

/** Everything the REST resources work with. */
export interface ApiDeps {
  readonly users: Users;
  readonly tokens: Tokens;
  readonly logins: Logins;
  readonly activity: Activity;
  readonly servers: Servers;
  readonly serverDetails: ServerDetails;
  readonly services: Services;
  readonly groups: Groups;
  readonly shares: Shares;
  readonly shareCodes: ShareCodes;
  readonly routes: Routes;
  readonly routeCheck: RouteCheck;
  /** Every proxy the hub drives, the usual one first. */
  readonly proxies: readonly HubProxy[];
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly work: UnitOfWork;
  readonly grants: Grants;
  readonly table: ScopeTable;
  /** Raw scopes of a role; `undefined` when there is none. */
  readonly roleScopes: (role: string) => readonly string[] | undefined;
  readonly scopesOfUser: (id: number) => Promise<ScopeSet>;
  /** Checks a password without signing in; known users only (R93). */
  readonly verifyPassword: (
    context: Context,
    fields: Readonly<Record<string, string>>,
  ) => Promise<UserDetails | null>;
  readonly hooks: UserHooks;
  readonly askAgain: AskAgain;
  readonly log: Logger;
  readonly places: ModelPlaces;
  readonly pageLimits: PageLimits;
  readonly slowStart: number;
  readonly slowStop: number;
  /** R44. */
  readonly info: HubFacts;
  readonly shutDown: (how: { readonly servers?: boolean; readonly proxy?: boolean }) => void;
}

/** What `GET /info` tells (R44). */
export interface HubFacts {
  readonly version: string;
  readonly spawner: { readonly class: string; readonly version: string };
  readonly authenticator: { readonly class: string; readonly version: string };
}

/** Who acts, for the audit trail. */
export function actorOf({ caller, ip }: Pick<Context, 'caller' | 'ip'>): Actor {
  if (caller.kind === 'anonymous') return { kind: 'anonymous', name: '', ip };
  const { owner } = caller;
  return owner.kind === 'user'
    ? { kind: 'user', name: owner.user.name, ip }
    : { kind: 'service', name: owner.name, ip };
}

/** The caller's scopes; nobody's are none. */
export function scopesOf(caller: Caller): ScopeSet {
  return caller.kind === 'anonymous' ? ScopeSet.empty : caller.scopes;
}

/** The user a path names. @throws HubError 404. */
export async function requireUser({ users }: ApiDeps, name: string): Promise<UserDetails> {
  const user = await users.get(name);
  if (user) return user;
  throw new HubError('HUB_NOT_FOUND', `No such user: '${name}'`);
}

/** The service a path names. @throws HubError 404 (R108). */
export async function requireService({ services }: ApiDeps, name: string): Promise<ServiceDetails> {
  const service = await services.get(name);
  if (service) return service;
  throw noSuchService(name);
}

/** What each of a user's tokens is good for now (section 2.3, R144), in two reads for all of them. */
export async function effectiveScopes(
  { grants, table }: ApiDeps,
  user: Pick<UserDetails, 'id'>,
  tokens: readonly TokenRecord[],
): Promise<readonly (readonly string[])[]> {
  const owner = await grants.ofUser(String(user.id));
  if (!owner) return tokens.map(() => []);
  const others = new Set(tokens.flatMap((token) => [...usersNeededForToken(table, token, owner)]));
  const members = others.size > 0 ? await grants.membershipOf(others) : undefined;
  return tokens.map((token) => tokenScopes(table, token, owner, members).toStrings());
}
