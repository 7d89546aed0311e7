import { builtInScopes, type ScopeDefinition, selfScopes } from './built-in-scopes.ts';
import { type CustomScopes, checkCustomScopes } from './custom-scopes.ts';

/** All scopes of one hub: the built-in ones and the operator's own. A value that never changes. */
export interface ScopeTable {
  /** Is there a scope of this name? Metascopes count (R132). */
  has(base: string): boolean;
  /** The definition, or `undefined` for an unknown name. */
  get(base: string): ScopeDefinition | undefined;
  /** Names of all scopes, built-in ones first. */
  readonly names: readonly string[];
  /** The scope itself and everything it contains, at any depth (R133); nothing for an unknown name. */
  closure(base: string): readonly string[];
  /** Everything `self` stands for (R136), still without the filter on its owner. */
  readonly self: readonly string[];
}

/** The table of a hub without scopes of its own. */
export const builtInScopeTable: ScopeTable = makeTable(new Map(Object.entries(builtInScopes)));

/** A table, or everything that is wrong with the scopes it was to be made from. */
export type ScopeTableResult =
  | { readonly ok: true; readonly table: ScopeTable; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly problems: readonly string[]; readonly warnings: readonly string[] };

/** The built-in scopes and the operator's own (R160, R161). All mistakes are reported at once. */
export function scopeTableWith(custom: CustomScopes): ScopeTableResult {
  const { problems, warnings } = checkCustomScopes(custom);
  if (problems.length > 0) return { ok: false, problems, warnings };

  const definitions = new Map<string, ScopeDefinition>(Object.entries(builtInScopes));
  for (const [name, { description, subscopes = [] }] of Object.entries(custom)) {
    definitions.set(name, { description, subscopes });
  }
  return { ok: true, table: makeTable(definitions), warnings };
}

function makeTable(definitions: ReadonlyMap<string, ScopeDefinition>): ScopeTable {
  const closures = new Map<string, readonly string[]>();
  for (const name of definitions.keys()) closures.set(name, closureOf(name, definitions));
  const closure = (base: string): readonly string[] => closures.get(base) ?? [];

  return {
    has: (base) => definitions.has(base),
    get: (base) => definitions.get(base),
    names: [...definitions.keys()],
    closure,
    self: [...new Set(selfScopes.flatMap(closure))],
  };
}

/** Walks with a list of what was seen: custom scopes may contain each other in a circle. */
function closureOf(name: string, definitions: ReadonlyMap<string, ScopeDefinition>): readonly string[] {
  const seen = new Set([name]);
  for (const found of seen) {
    for (const inner of definitions.get(found)?.subscopes ?? []) seen.add(inner);
  }
  return [...seen];
}
