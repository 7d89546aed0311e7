import {
  accessScope,
  type Client,
  type Grants,
  grantableOAuthScopes,
  type Membership,
  mayUseClient,
  type RequestContext,
  rawIdentifyScopes,
  requestedOAuthScopes,
  type ScopeTable,
  type UserGrants,
  userScopes,
  usersNeededForRequest,
} from '../access/index.ts';
import type { OAuthClient } from '../accounts/index.ts';

/** What decides about the scopes of an application. */
export interface ClientGrantDeps {
  readonly grants: Grants;
  readonly table: ScopeTable;
  /** Raw scopes of a role, `undefined` when there is none: its name may stand for them in a request (W72). */
  readonly roleScopes: (name: string) => readonly string[] | undefined;
}

/** What a user can grant a client that asks. */
export type ClientGrant =
  /** A scope that does not exist or is none of the client's. */
  | { readonly kind: 'invalid-scope'; readonly scopes: readonly string[] }
  /** The user may not use what the client stands for. */
  | { readonly kind: 'not-permitted' }
  | {
      readonly kind: 'granted';
      readonly user: UserGrants;
      /** Raw, sorted: what is asked as far as the user holds it, with identify and access scopes. */
      readonly scopes: readonly string[];
      /** Asked for, but not, or not fully, the user's to give. */
      readonly withheld: readonly string[];
    };

/** What the client may have of this user, when it asks for these names, or with `null` for all it may ask (W71, W72). */
export async function grantToClient(
  deps: ClientGrantDeps,
  userId: string,
  { client, allowedScopes }: OAuthClient,
  asked: readonly string[] | null,
): Promise<ClientGrant> {
  const named = (asked ?? []).flatMap((name) => deps.roleScopes(name) ?? [name]);
  const held = await readHoldings(deps, userId, client, [...allowedScopes, ...named], allowedScopes);
  if (held === null) return { kind: 'not-permitted' };

  const result = requestedOAuthScopes(held.context, asked, allowedScopes, deps.roleScopes);
  if (!result.ok) return { kind: 'invalid-scope', scopes: result.refused };
  return granted(deps, held, result.requested);
}

/** The same for scopes granted a while ago: rights may have been lost since (W74). */
export async function grantAgain(
  deps: ClientGrantDeps,
  userId: string,
  { client }: OAuthClient,
  scopes: readonly string[],
): Promise<ClientGrant> {
  const held = await readHoldings(deps, userId, client, scopes, []);
  return held === null ? { kind: 'not-permitted' } : granted(deps, held, scopes);
}

/** Scopes that come with every grant and need no words on the consent page, in both spellings. */
export function scopesOfEveryGrant(client: Client, { name }: Pick<UserGrants, 'name'>): ReadonlySet<string> {
  const access = accessScope(client);
  const spelledOut = rawIdentifyScopes.map((scope) => `${scope}=${name}`);
  return new Set([...rawIdentifyScopes, ...spelledOut, ...(access === null ? [] : [access])]);
}

interface Holdings {
  readonly context: RequestContext;
  readonly members: Membership;
}

/** Everything the decision rests on: two reads, whatever is asked. `null`: the user is gone. */
async function readHoldings(
  { grants, table }: ClientGrantDeps,
  userId: string,
  client: Client,
  scopes: readonly string[],
  allowed: readonly string[],
): Promise<Holdings | null> {
  const user = await grants.ofUser(userId);
  if (!user) return null;
  const needed = usersNeededForRequest(table, scopes, user, client, allowed);
  const members = await grants.membershipOf(new Set([...needed, ...ownerOf(client)]));
  return { context: { table, user, client, others: members }, members };
}

function granted(
  { table }: ClientGrantDeps,
  { context, members }: Holdings,
  scopes: readonly string[],
): ClientGrant {
  const { user, client } = context;
  const [owner] = ownerOf(client);
  const groups = owner === undefined ? new Set<string>() : members.groupsOf(owner);
  if (!mayUseClient(userScopes(table, user), client, groups)) return { kind: 'not-permitted' };
  const { granted, withheld } = grantableOAuthScopes(context, scopes);
  return { kind: 'granted', user, scopes: granted, withheld };
}

/** Whose server the client is: a right to a group's servers reaches it by its owner's groups. */
function ownerOf(client: Client): readonly string[] {
  return client.kind === 'server' ? [client.user] : [];
}
