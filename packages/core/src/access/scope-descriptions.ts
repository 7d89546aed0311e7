import type { Owner } from './expansion.ts';
import type { ScopeTable } from './scope-table.ts';
import { parseScope, type ScopeFilter } from './scope-text.ts';

/** One line of the consent page. */
export interface ScopeDescription {
  /** The raw scope as it was asked for. */
  readonly scope: string;
  readonly description: string;
  /** What it is restricted to, in words, `''` for everything: `only you`, `users in group physics`. */
  readonly restriction: string;
}

/** Puts raw scopes into words for the user who is asked to agree. Scopes that do not exist are left out. */
export function describeScopes(
  table: ScopeTable,
  raw: Iterable<string>,
  reader: Owner,
): readonly ScopeDescription[] {
  const lines: ScopeDescription[] = [];
  for (const scope of raw) {
    const parsed = parseScope(scope);
    const definition = parsed.ok ? table.get(parsed.scope.base) : undefined;
    if (!parsed.ok || definition === undefined) continue;
    const restriction = restrictionInWords(parsed.scope.filter, reader);
    lines.push({ scope, description: definition.description, restriction });
  }
  return lines;
}

function restrictionInWords(filter: ScopeFilter, reader: Owner): string {
  if (filter.type === 'all') return '';
  if (filter.type === 'shorthand') return filter.kind === 'user' ? 'only you' : `only this ${filter.kind}`;
  if (filter.kind === reader.kind && filter.name === reader.name) return 'only you';
  return filter.kind === 'group' ? `users in group ${filter.name}` : `${filter.kind} ${filter.name}`;
}
