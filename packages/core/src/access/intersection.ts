import { meet, type SomeFilter } from './filter.ts';
import { type AddScope, addFilter, ScopeSet } from './scope-set.ts';
import { ownerOfServer } from './scope-text.ts';

/** Who belongs to which groups now, for the users a question is about. */
export interface Membership {
  /** Groups of the user; empty for a user in none and for an unknown one. */
  groupsOf(user: string): ReadonlySet<string>;
}

const noGroups: ReadonlySet<string> = new Set();

/** Nobody belongs to any group. */
export const noMembership: Membership = { groupsOf: () => noGroups };

/** Membership from plain facts. */
export function membership(
  groupsByUser: Iterable<readonly [user: string, groups: Iterable<string>]>,
): Membership {
  const known = new Map<string, ReadonlySet<string>>();
  for (const [user, groups] of groupsByUser) known.set(user, new Set(groups));
  return { groupsOf: (user) => known.get(user) ?? noGroups };
}

/**
 * What both sides permit (R139, R140). A server survives if the other side names its owner or a group of its
 * owner, a user if the other side names a group of theirs. Two different groups have nothing in common here,
 * even when they share members.
 */
export function intersectScopes(a: ScopeSet, b: ScopeSet, members: Membership): ScopeSet {
  if (a === b) return a;
  return ScopeSet.build((add) => {
    for (const base of a.bases()) {
      const left = a.filter(base);
      const right = b.filter(base);
      if (left.kind === 'none' || right.kind === 'none') continue;
      if (left.kind === 'some' && right.kind === 'some') intersectFilters(add, base, left, right, members);
      else if (left.kind === 'some') addFilter(add, base, left);
      else if (right.kind === 'some') addFilter(add, base, right);
      else add(base);
    }
  });
}

/**
 * Users whose groups {@link intersectScopes} will ask for. When there are none the result depends on the two
 * sets alone and may be kept; otherwise it holds only as long as these memberships do (R141).
 */
export function usersNeedingGroups(a: ScopeSet, b: ScopeSet): ReadonlySet<string> {
  const users = new Set<string>();
  for (const base of a.bases()) {
    const left = a.filter(base);
    const right = b.filter(base);
    if (left.kind !== 'some' || right.kind !== 'some') continue;
    collectUsers(users, left, right);
    collectUsers(users, right, left);
  }
  return users;
}

function intersectFilters(
  add: AddScope,
  base: string,
  left: SomeFilter,
  right: SomeFilter,
  members: Membership,
): void {
  for (const group of left.groups) if (right.groups.has(group)) add(base, 'group', group);
  for (const service of left.services) if (right.services.has(service)) add(base, 'service', service);
  addSurvivors(add, base, left, right, members);
  addSurvivors(add, base, right, left, members);
}

/** Users and servers named on one side that the other side reaches by any way. */
function addSurvivors(
  add: AddScope,
  base: string,
  { users, servers }: SomeFilter,
  other: SomeFilter,
  members: Membership,
): void {
  const inGroupOfOther = (user: string): boolean =>
    other.groups.size > 0 && meet(other.groups, members.groupsOf(user));

  for (const user of users) if (other.users.has(user) || inGroupOfOther(user)) add(base, 'user', user);
  for (const server of servers) {
    const owner = ownerOfServer(server);
    if (other.servers.has(server) || other.users.has(owner) || inGroupOfOther(owner)) {
      add(base, 'server', server);
    }
  }
}

function collectUsers(into: Set<string>, { users, servers }: SomeFilter, other: SomeFilter): void {
  if (other.groups.size === 0) return;
  for (const user of users) if (!other.users.has(user)) into.add(user);
  for (const server of servers) {
    const owner = ownerOfServer(server);
    if (!other.servers.has(server) && !other.users.has(owner)) into.add(owner);
  }
}
