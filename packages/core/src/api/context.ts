import type { ScopeTable } from '../access/index.ts';
import { type Grants, ScopeSet, tokenScopes, usersNeededForToken } from '../access/index.ts';
import type { Activity, TokenRecord, Tokens, UserDetails, Users } from '../accounts/index.ts';
import type { UserHooks } from '../actions/index.ts';
import type { Caller, Context, PageLimits } from '../http/index.ts';
import type { Actor } from '../kernel/index.ts';
import { HubError, type Logger } from '../plugin/index.ts';
import type { Servers } from '../servers/index.ts';
import type { ModelPlaces } from './models.ts';

/** Everything the REST resources work with. */
export interface ApiDeps {
  readonly users: Users;
  readonly tokens: Tokens;
  readonly activity: Activity;
  readonly servers: Servers;
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

/** What a token is good for now (section 2.3, R144). */
export async function effectiveScopes(deps: ApiDeps, token: TokenRecord): Promise<readonly string[]> {
  const { grants, table } = deps;
  const owner =
    token.owner.kind === 'user'
      ? await grants.ofUser(String(token.owner.id))
      : await grants.ofService(String(token.owner.id));
  if (!owner) return [];
  const others = usersNeededForToken(table, token, owner);
  const members = others.size > 0 ? await grants.membershipOf(others) : undefined;
  return tokenScopes(table, token, owner, members).toStrings();
}
