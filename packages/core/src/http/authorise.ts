import { decide, type ScopeName, type ScopeSet, type Target } from '../access/index.ts';
import { HubError } from '../plugin/index.ts';
import { type Caller, scopesOf } from './caller.ts';
import type { Memberships } from './ports.ts';

/** What a route is about, as its path names it (R125). */
export type TargetName =
  | { readonly kind: 'user'; readonly user: string }
  | { readonly kind: 'server'; readonly user: string; readonly server: string }
  | { readonly kind: 'group'; readonly group: string }
  | { readonly kind: 'service'; readonly service: string };

/** Scopes any one of which suffices, in the order the refusal lists them (R16). */
export interface ScopeRule {
  readonly anyOf: readonly ScopeName[];
}

/** `scope: anyOf('read:users', 'read:servers')`. */
export function anyOf(...scopes: [ScopeName, ...ScopeName[]]): ScopeRule {
  return { anyOf: scopes };
}

/** What a user, server, group or service named in a path is called. */
export const on = {
  user: (user: string): TargetName => ({ kind: 'user', user }),
  server: (user: string, server: string): TargetName => ({ kind: 'server', user, server }),
  group: (group: string): TargetName => ({ kind: 'group', group }),
  service: (service: string): TargetName => ({ kind: 'service', service }),
};

/**
 * Who may use a route. `scope` needs the scope for what `on` names (E of the endpoint index), for the whole hub
 * without it (G), and with `on: 'list'` for anything at all: the handler then restricts the list (L, R129).
 */
export type AccessRule =
  | { readonly scope: ScopeRule; readonly target: TargetName | 'list' | 'hub' }
  | { readonly identity: 'anyone' | 'user' | 'any' };

/**
 * Lets the caller pass or throws what they are told (R10, R16, R17, R128). Asked before anything looks whether
 * the target exists, so that the answer does not tell.
 *
 * @throws HubError 403 or 404.
 */
export async function authorise(caller: Caller, rule: AccessRule, memberships: Memberships): Promise<void> {
  if ('identity' in rule) return checkIdentity(caller, rule.identity);
  const { anyOf: candidates } = rule.scope;
  if (caller.kind === 'anonymous') throw new HubError('HUB_FORBIDDEN', 'Missing or invalid credentials.');

  const scopes = scopesOf(caller);
  if (rule.target === 'list') {
    if (candidates.some((base) => scopes.holds(base))) return;
    throw forbidden(candidates);
  }
  const target =
    rule.target === 'hub' ? rule.target : await withGroups(rule.target, scopes, candidates, memberships);
  const decision = decide(scopes, candidates, target === 'hub' ? { kind: 'hub' } : target);
  if (decision === 'hidden')
    throw new HubError('HUB_NOT_FOUND', 'No access to resources or resources not found');
  if (decision === 'forbidden') throw forbidden(candidates);
}

function checkIdentity(caller: Caller, identity: 'anyone' | 'user' | 'any'): void {
  if (identity === 'anyone') return;
  if (caller.kind !== 'anonymous' && (identity === 'any' || caller.owner.kind === 'user')) return;
  throw new HubError('HUB_FORBIDDEN', 'Forbidden');
}

function forbidden(candidates: readonly ScopeName[]): HubError {
  const scopes = candidates.join(', ');
  return new HubError(
    'HUB_FORBIDDEN',
    `Action is not authorized with current scopes; requires any of [${scopes}]`,
  );
}

const noGroups: ReadonlySet<string> = new Set();

/** Groups are looked up only where a holding speaks of groups: most requests need no read. */
async function withGroups(
  target: TargetName,
  scopes: ScopeSet,
  candidates: readonly ScopeName[],
  memberships: Memberships,
): Promise<Target> {
  if (target.kind === 'group' || target.kind === 'service') return target;
  const matter = candidates.some((base) => {
    const filter = scopes.filter(base);
    return filter.kind === 'some' && filter.groups.size > 0;
  });
  return { ...target, groups: matter ? await memberships.groupsOf(target.user) : noGroups };
}
