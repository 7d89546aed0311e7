import { accessScope, othersThan, ownerScopes, rawIdentifyScopes, withOwn } from './effective-scopes.ts';
import { type Client, expandScopes } from './expansion.ts';
import { intersectScopes, type Membership, noMembership, usersNeedingGroups } from './intersection.ts';
import type { ServiceGrants, UserGrants } from './ports.ts';
import type { ScopeSet } from './scope-set.ts';
import type { ScopeTable } from './scope-table.ts';
import { checkScopes, serverFilterName } from './scope-text.ts';

/** Raw scopes to store in a new token, and those asked for that are not, or not fully, among them; both sorted. */
export interface Resolved {
  readonly granted: readonly string[];
  readonly withheld: readonly string[];
}

/** For whom scopes are asked, and by which client. `others` knows the groups of {@link usersNeededForRequest}. */
export interface RequestContext {
  readonly table: ScopeTable;
  readonly user: UserGrants;
  readonly client: Client;
  readonly others?: Membership | undefined;
}

/**
 * Expanded scopes a new token would ask for beyond what its owner holds, sorted; such a token is refused (R97).
 * The measure is the owner, whoever asks (R98). `inherit` can never be too much.
 */
export function notHeld(
  table: ScopeTable,
  requested: readonly string[],
  owner: UserGrants | ServiceGrants,
  client: Client,
  others: Membership = noMembership,
): readonly string[] {
  const asked = expandScopes(table, withoutInherit(requested), { owner, client });
  if (asked.isEmpty) return [];
  const granted = intersectScopes(asked, ownerScopes(table, owner), withOwn(owner, others));
  return asked.without(granted).toStrings();
}

/**
 * Other users whose groups decide what of a request is granted (R141): read them before the functions here.
 * For an OAuth request `allowed` is what its client may ask for.
 */
export function usersNeededForRequest(
  table: ScopeTable,
  requested: readonly string[],
  owner: UserGrants | ServiceGrants,
  client: Client,
  allowed: readonly string[] = [],
): ReadonlySet<string> {
  const asked = expandScopes(table, withoutInherit(requested), { owner, client });
  const forOwner = usersNeedingGroups(asked, ownerScopes(table, owner));
  const forClient = usersNeedingGroups(asked, expandScopes(table, allowed, { owner, client }));
  return othersThan(owner, new Set([...forOwner, ...forClient]));
}

/**
 * Scopes of the token a server is started with (R162): those the operator chose for servers, or else those of the
 * role `server`, as far as the user holds them, and always the right to report activity.
 */
export function serverTokenScopes(
  context: Omit<RequestContext, 'client'>,
  chosen: readonly string[],
  roleServer: readonly string[],
  server: string,
): Resolved & { readonly activityAdded: boolean } {
  const name = serverFilterName(context.user.name, server);
  // The token belongs to the hub's client, where `!server` would mean nothing.
  const requested = (chosen.length > 0 ? chosen : roleServer).map((text) =>
    text.endsWith('!server') ? `${text}=${name}` : text,
  );
  const activity = ['users:activity!user', 'users:activity', 'inherit'];
  const activityAdded = !requested.some((text) => activity.includes(text));
  if (activityAdded) requested.push('users:activity!user');

  const { table, user, others = noMembership } = context;
  const held = ownerScopes(table, user);
  const found = resolve(
    { ...context, client: { kind: 'hub' } },
    requested,
    held,
    true,
    withOwn(user, others),
  );
  return { ...found, activityAdded };
}

/** Scopes an OAuth client may ask for: those configured and access to itself, sorted (R163). */
export function clientAllowedScopes(configured: Iterable<string>, client: Client): readonly string[] {
  const access = accessScope(client);
  return sorted([...configured, ...(access === null ? [] : [access])]);
}

/** What an OAuth request asks for, or the scopes because of which it is answered with `invalid_scope`. */
export type OAuthRequestResult =
  | { readonly ok: true; readonly requested: readonly string[] }
  | { readonly ok: false; readonly refused: readonly string[] };

/**
 * Checks the `scope` argument of an OAuth request against what the client may ask for (R164, W72). Without the
 * argument (`null`) it asks for all of that. Identify and access scopes are always added.
 * @param roleScopes raw scopes of a role, `undefined` when there is none; names of roles are accepted as scopes.
 */
export function requestedOAuthScopes(
  context: RequestContext,
  asked: readonly string[] | null,
  allowed: readonly string[],
  roleScopes: (name: string) => readonly string[] | undefined,
): OAuthRequestResult {
  const { table, user, client, others = noMembership } = context;
  const named = scopesOrRoles(
    table,
    (asked ?? allowed).filter((text) => text !== 'identify'),
    roleScopes,
  );
  if (!named.ok) return named;

  const required = requiredScopes(client);
  const requested = sorted([...named.requested, ...required]);
  const limitRaw = new Set([...allowed, ...required]);
  const limit = expandScopes(table, limitRaw, { owner: user, client });
  const { withheld } = resolve(context, requested, limit, limitRaw.has('inherit'), withOwn(user, others));
  return withheld.length > 0 ? { ok: false, refused: withheld } : { ok: true, requested };
}

/**
 * Of the requested scopes those the user can grant: what they hold, and identify and access scopes (R164). To be
 * asked on the consent page, again when it is submitted, and whenever a code is redeemed (W74).
 */
export function grantableOAuthScopes(context: RequestContext, requested: readonly string[]): Resolved {
  const { table, user, client, others = noMembership } = context;
  const required = requiredScopes(client);
  const held = ownerScopes(table, user).union(expandScopes(table, required, { owner: user, client }));
  return resolve(context, [...requested, ...required], held, true, withOwn(user, others));
}

/** What the consent page shows and submits: `inherit` makes everything else meaningless (W72). */
export function consentScopes(granted: readonly string[]): readonly string[] {
  return granted.includes('inherit') ? ['inherit'] : granted;
}

/** Has the user already granted this client all of these raw scopes, in one token or several (R165, W73)? */
export function coveredByEarlierGrants(
  requested: Iterable<string>,
  tokens: Iterable<{ readonly scopes: Iterable<string> }>,
): boolean {
  const before = new Set<string>();
  for (const { scopes } of tokens) for (const text of scopes) before.add(text);
  if (before.size === 0) return false;
  for (const text of requested) if (!before.has(text)) return false;
  return true;
}

function requiredScopes(client: Client): readonly string[] {
  const access = accessScope(client);
  return access === null ? rawIdentifyScopes : [...rawIdentifyScopes, access];
}

/** The names are all scopes, or else all roles whose scopes are meant (W72). */
function scopesOrRoles(
  table: ScopeTable,
  names: readonly string[],
  roleScopes: (name: string) => readonly string[] | undefined,
): OAuthRequestResult {
  if (checkScopes(table, names).length === 0) return { ok: true, requested: names };
  const found = names.map((name) => ({ name, scopes: roleScopes(name) }));
  const refused = found.filter(({ scopes }) => scopes === undefined).map(({ name }) => name);
  if (refused.length > 0) return { ok: false, refused };
  return { ok: true, requested: found.flatMap(({ scopes }) => scopes ?? []) };
}

/**
 * Keeps the short spelling of what is within the limit as a whole, and spells out the part that is within it
 * where only a part is.
 */
function resolve(
  { table, user, client }: RequestContext,
  requested: readonly string[],
  limit: ScopeSet,
  mayInherit: boolean,
  members: Membership,
): Resolved {
  const granted = new Set<string>();
  const withheld = new Set<string>();
  for (const text of new Set(requested)) {
    const exists = checkScopes(table, [text]).length === 0;
    if (!exists || (text === 'inherit' && !mayInherit)) {
      withheld.add(text);
      continue;
    }
    if (text === 'inherit') {
      granted.add(text);
      continue;
    }
    const asked = expandScopes(table, [text], { owner: user, client });
    const within = intersectScopes(asked, limit, members);
    if (asked.equals(within)) granted.add(text);
    else {
      withheld.add(text);
      for (const part of within.toStrings()) granted.add(part);
    }
  }
  return { granted: sorted(granted), withheld: sorted(withheld) };
}

function withoutInherit(scopes: readonly string[]): readonly string[] {
  return scopes.filter((text) => text !== 'inherit');
}

function sorted(texts: Iterable<string>): readonly string[] {
  return [...new Set(texts)].sort();
}
