import type { ScopeTable } from './scope-table.ts';
import { checkScopes, formatScope, parseScope, type Scope, serverFilterName } from './scope-text.ts';

/** Scopes of a share as they are stored, sorted, or everything that is wrong with what was asked for. */
export type ShareScopesResult =
  | { readonly ok: true; readonly scopes: readonly string[] }
  | { readonly ok: false; readonly problems: readonly string[] };

/**
 * Scopes to grant with a share or to take from it, each filtered to that one server (R114, R117, our fix).
 * Nothing asked for means access to the server. Any other filter is refused.
 */
export function shareScopes(
  table: ScopeTable,
  requested: readonly string[] | null | undefined,
  server: { readonly owner: string; readonly name: string },
): ShareScopesResult {
  const name = serverFilterName(server.owner, server.name);
  const asked = requested === null || requested === undefined || requested.length === 0 ? null : requested;
  const problems = [...checkScopes(table, asked ?? [], 'share')];
  const scopes = new Set<string>();

  for (const text of asked ?? ['access:servers']) {
    const parsed = parseScope(text);
    if (!parsed.ok) continue; // already among the problems
    const { base, filter } = parsed.scope;
    const wanted: Scope = { base, filter: { type: 'named', kind: 'server', name } };
    if (filter.type === 'all' || formatScope(wanted) === text) scopes.add(formatScope(wanted));
    else problems.push(`${text.slice(base.length)} not allowed on sharing ${text}, only !server=${name}`);
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, scopes: [...scopes].sort() };
}
