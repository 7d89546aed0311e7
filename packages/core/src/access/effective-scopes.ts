import { type Client, type ExpansionContext, expandScopes, type Owner } from './expansion.ts';
import { reaches } from './filter.ts';
import { intersectScopes, type Membership, noMembership, usersNeedingGroups } from './intersection.ts';
import type { ServiceGrants, ShareGrant, UserGrants } from './ports.ts';
import { ScopeSet } from './scope-set.ts';
import type { ScopeTable } from './scope-table.ts';
import { parseScope, serverFilterName } from './scope-text.ts';

type OnDropped = ExpansionContext['onDropped'];

/** What a user may do now: own and group roles, own and group shares (R142). The same for login and token (R145, our fix). */
export function userScopes(table: ScopeTable, user: UserGrants, onDropped?: OnDropped): ScopeSet {
  const owner: Owner = { kind: 'user', name: user.name };
  const raw = [...rawRoleScopes(user), ...user.shares.flatMap(rawShareScopes)];
  return expandScopes(table, raw, { owner, onDropped });
}

/** What a service may do now: its roles (R143). */
export function serviceScopes(table: ScopeTable, service: ServiceGrants, onDropped?: OnDropped): ScopeSet {
  const owner: Owner = { kind: 'service', name: service.name };
  return expandScopes(table, rawRoleScopes(service), { owner, onDropped });
}

/** What a user or service may do now. */
export function ownerScopes(
  table: ScopeTable,
  owner: UserGrants | ServiceGrants,
  onDropped?: OnDropped,
): ScopeSet {
  return owner.kind === 'user' ? userScopes(table, owner, onDropped) : serviceScopes(table, owner, onDropped);
}

/** Raw scopes of all roles of a user or service, shares not included. */
export function rawRoleScopes(owner: UserGrants | ServiceGrants): readonly string[] {
  const roles = owner.kind === 'user' ? [...owner.roles, ...owner.groupRoles] : owner.roles;
  return [...new Set(roles.flatMap((role) => role.scopes))];
}

/** A token as stored: raw scopes, and the client it was issued by. */
export interface TokenFacts {
  readonly scopes: readonly string[];
  readonly client: Client;
}

/**
 * What a token permits now: never more than its owner (R144), exactly as much with `inherit` (R137). `others`
 * knows the groups of {@link usersNeededForToken}; those of the owner are known already.
 */
export function tokenScopes(
  table: ScopeTable,
  token: TokenFacts,
  owner: UserGrants | ServiceGrants,
  others: Membership = noMembership,
  onDropped?: OnDropped,
): ScopeSet {
  const held = ownerScopes(table, owner, onDropped);
  if (token.scopes.includes('inherit')) return held;
  return intersectScopes(askedByToken(table, token, owner, onDropped), held, withOwn(owner, others));
}

/**
 * Other users whose groups decide about the token. When there are none its scopes change only with the owner's
 * grants and may be kept until those change; otherwise they must not be kept (R141).
 */
export function usersNeededForToken(
  table: ScopeTable,
  token: TokenFacts,
  owner: UserGrants | ServiceGrants,
): ReadonlySet<string> {
  if (token.scopes.includes('inherit')) return new Set();
  return othersThan(owner, usersNeedingGroups(askedByToken(table, token, owner), ownerScopes(table, owner)));
}

/** The scopes by which an identity may learn who it is (R45). */
export function identifyScopes(owner: Owner): ScopeSet {
  return ScopeSet.build((add) => {
    if (owner.kind === 'service') add('read:services:name', 'service', owner.name);
    else for (const base of ['read:users:name', 'read:users:groups']) add(base, 'user', owner.name);
  });
}

/** The same as raw scopes, for requests made before anybody is known (R164). */
export const rawIdentifyScopes = ['read:users:name!user', 'read:users:groups!user'] as const;

/** What the model in `GET /user` is filtered by: effective and identify scopes (R45). */
export function whoamiScopes(effective: ScopeSet, owner: Owner): ScopeSet {
  return effective.union(identifyScopes(owner));
}

/** The scope that lets somebody use what a client stands for, `null` for the hub itself (R146). */
export function accessScope(client: Client): string | null {
  switch (client.kind) {
    case 'server':
      return `access:servers!server=${serverFilterName(client.user, client.server)}`;
    case 'service':
      return `access:services!service=${client.service}`;
    case 'hub':
      return null;
  }
}

/** May the holder use what the client stands for (R164, W71)? `groups` are those of the server's owner. */
export function mayUseClient(scopes: ScopeSet, client: Client, groups: ReadonlySet<string>): boolean {
  switch (client.kind) {
    case 'server':
      return reaches(scopes.filter('access:servers'), { ...client, groups });
    case 'service':
      return reaches(scopes.filter('access:services'), client);
    case 'hub':
      return true;
  }
}

/** A share's scopes with the filter on its server put on afresh, so a rename changes them too (R147). */
export function rawShareScopes({ server, scopes }: ShareGrant): readonly string[] {
  const name = serverFilterName(server.owner, server.name);
  return scopes.flatMap((text) => {
    const parsed = parseScope(text);
    return parsed.ok ? [`${parsed.scope.base}!server=${name}`] : [];
  });
}

/** Membership that knows the owner's groups from their grants and asks `others` for everybody else. */
export function withOwn(owner: UserGrants | ServiceGrants, others: Membership): Membership {
  if (owner.kind === 'service') return others;
  const own = new Set(owner.groups);
  return { groupsOf: (user) => (user === owner.name ? own : others.groupsOf(user)) };
}

/** The users without the owner, whose groups the grants hold already. */
export function othersThan(
  owner: UserGrants | ServiceGrants,
  users: ReadonlySet<string>,
): ReadonlySet<string> {
  if (owner.kind === 'service' || !users.has(owner.name)) return users;
  const others = new Set(users);
  others.delete(owner.name);
  return others;
}

function askedByToken(
  table: ScopeTable,
  { scopes, client }: TokenFacts,
  owner: UserGrants | ServiceGrants,
  onDropped?: OnDropped,
): ScopeSet {
  const access = accessScope(client);
  const stored = expandScopes(table, scopes, { owner, client, onDropped });
  return stored
    .union(access === null ? ScopeSet.empty : ScopeSet.from([access]))
    .union(identifyScopes(owner));
}
