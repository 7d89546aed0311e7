import type { ScopeName } from './built-in-scopes.ts';
import { everything, type Filter, filterKinds, nothing, reaches, setOfKind, type Target } from './filter.ts';
import type { Membership } from './intersection.ts';
import type { ScopeSet } from './scope-set.ts';
import { type FilterKind, ownerOfServer, type Scope } from './scope-text.ts';

/** May the holder do this to the target (R126, R127)? */
export function allows(scopes: ScopeSet, base: ScopeName, target: Target): boolean {
  return reaches(scopes.filter(base), target);
}

/** Does one of the scopes suffice? */
export function allowsAny(scopes: ScopeSet, candidates: readonly ScopeName[], target: Target): boolean {
  return candidates.some((base) => allows(scopes, base, target));
}

/** `forbidden` is answered with 403, `hidden` with the 404 that an unknown target would get too (R128). */
export type Decision = 'allowed' | 'forbidden' | 'hidden';

/**
 * Decides a request that any of the candidate scopes would permit. To be asked before anything looks whether the
 * target exists, so that the answer does not tell (R128).
 */
export function decide(scopes: ScopeSet, candidates: readonly ScopeName[], target: Target): Decision {
  if (allowsAny(scopes, candidates, target)) return 'allowed';
  if (target.kind === 'hub') return 'forbidden';
  return candidates.some((base) => scopes.holds(base)) ? 'hidden' : 'forbidden';
}

/** A holding restricted in a way the list cannot honour; answered with 403 (R129). */
export interface UnexpectedFilter {
  readonly kind: 'unexpected';
  readonly filters: readonly FilterKind[];
}

/**
 * What of a list the holder may see. `kinds` are the filters that mean something for it: `user` and `group` for
 * users, `group` for groups, `service` for services. Any other filter refuses the whole list instead of being
 * ignored (R129).
 */
export function filterFor(
  scopes: ScopeSet,
  base: ScopeName,
  kinds: readonly FilterKind[],
): Filter | UnexpectedFilter {
  const filter = scopes.filter(base);
  if (filter.kind === 'all') return everything;
  if (filter.kind === 'none') return nothing;
  const unexpected = filterKinds.filter((kind) => !kinds.includes(kind) && filter[setOfKind[kind]].size > 0);
  return unexpected.length > 0 ? { kind: 'unexpected', filters: unexpected } : filter;
}

/**
 * Is this one scope held as it stands (R110, R115)? An unfiltered scope needs an unfiltered holding; a named
 * user or server is also held through their groups. A shorthand is never held: expand it first.
 */
export function holdsScope(scopes: ScopeSet, { base, filter }: Scope, members: Membership): boolean {
  const held = scopes.filter(base);
  if (filter.type === 'all') return held.kind === 'all';
  if (filter.type === 'shorthand') return false;
  // A server without its owner is no server; only who holds everything holds that too.
  if (filter.kind === 'server' && !filter.name.includes('/')) return held.kind === 'all';
  return reaches(held, targetOf(filter.kind, filter.name, members));
}

function targetOf(kind: FilterKind, name: string, members: Membership): Target {
  switch (kind) {
    case 'user':
      return { kind, user: name, groups: members.groupsOf(name) };
    case 'server': {
      const user = ownerOfServer(name);
      return { kind, user, server: name.slice(user.length + 1), groups: members.groupsOf(user) };
    }
    case 'group':
      return { kind, group: name };
    case 'service':
      return { kind, service: name };
  }
}
