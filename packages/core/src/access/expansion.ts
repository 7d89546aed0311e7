import { ScopeSet } from './scope-set.ts';
import type { ScopeTable } from './scope-table.ts';
import { type FilterKind, parseScope, type ScopeFilter, serverFilterName } from './scope-text.ts';

/** Whose permissions are worked out. */
export type Owner =
  | { readonly kind: 'user'; readonly name: string }
  | { readonly kind: 'service'; readonly name: string };

/** What the OAuth client that issued a token stands for; `hub` is the hub's own client `jupyterhub` (R146). */
export type Client =
  | { readonly kind: 'server'; readonly user: string; readonly server: string }
  | { readonly kind: 'service'; readonly service: string }
  | { readonly kind: 'hub' };

/** Why a scope gives nothing: no such scope, wrong spelling, or nobody its shorthand could mean. */
export type DroppedBecause = 'unknown' | 'malformed' | 'unresolved';

/** What shorthands and `self` mean while scopes are expanded (R134, R136). */
export interface ExpansionContext {
  readonly owner?: Owner | undefined;
  readonly client?: Client | undefined;
  /** Told of each scope that gives nothing, for a warning in the log. */
  readonly onDropped?: ((scope: string, because: DroppedBecause) => void) | undefined;
}

/**
 * What raw scopes, as roles and tokens store them, really permit: contained scopes with the same filter (R133),
 * shorthands resolved (R134), `self` replaced (R136), reduced (R135). `inherit` and `(no_scope)` stay as they
 * are and open nothing. Stored scopes that make no sense any more are dropped, never an error.
 */
export function expandScopes(
  table: ScopeTable,
  raw: Iterable<string>,
  context: ExpansionContext = {},
): ScopeSet {
  const { owner, onDropped } = context;
  return ScopeSet.build((add) => {
    for (const text of raw) {
      if (text === 'self') {
        if (owner?.kind !== 'user') onDropped?.(text, 'unresolved');
        else for (const base of table.self) add(base, 'user', owner.name);
        continue;
      }

      const parsed = parseScope(text);
      if (!parsed.ok || !table.has(parsed.scope.base)) {
        onDropped?.(text, parsed.ok ? 'unknown' : 'malformed');
        continue;
      }
      const { base, filter } = parsed.scope;
      const resolved = resolveFilter(filter, context);
      if (resolved === null) onDropped?.(text, 'unresolved');
      else if (resolved === 'all') for (const inner of table.closure(base)) add(inner);
      else {
        for (const inner of table.closure(base)) {
          if (!losesMeaning(inner, resolved.kind)) add(inner, resolved.kind, resolved.name);
        }
      }
    }
  });
}

/** Reading users makes no sense for one server: such scopes are left out under a server filter (R133). */
function losesMeaning(base: string, kind: FilterKind): boolean {
  return kind === 'server' && base.startsWith('read:user');
}

interface NamedFilter {
  readonly kind: FilterKind;
  readonly name: string;
}

function resolveFilter(filter: ScopeFilter, { owner, client }: ExpansionContext): 'all' | NamedFilter | null {
  if (filter.type === 'all') return 'all';
  if (filter.type === 'named') return filter;
  switch (filter.kind) {
    case 'user':
      return owner?.kind === 'user' ? { kind: 'user', name: owner.name } : null;
    case 'service':
      if (owner?.kind === 'service') return { kind: 'service', name: owner.name };
      return client?.kind === 'service' ? { kind: 'service', name: client.service } : null;
    case 'server':
      if (client?.kind !== 'server') return null;
      return { kind: 'server', name: serverFilterName(client.user, client.server) };
  }
}
