import type { ScopeTable } from './scope-table.ts';

/** What a filter can name. */
export type FilterKind = 'user' | 'group' | 'server' | 'service';

/** What a filter without a name stands for: the owner of the scope or the client that issued the token. */
export type ShorthandKind = Exclude<FilterKind, 'group'>;

/** The part after `!`: nothing, a name, or a shorthand resolved when the scope is used (R131, R134). */
export type ScopeFilter =
  | { readonly type: 'all' }
  | { readonly type: 'named'; readonly kind: FilterKind; readonly name: string }
  | { readonly type: 'shorthand'; readonly kind: ShorthandKind };

/** One scope string, taken apart. The name of a server is `owner/server`, `owner/` for the default one. */
export interface Scope {
  readonly base: string;
  readonly filter: ScopeFilter;
}

/** A scope, or a sentence saying what is wrong with its spelling. */
export type ParsedScope =
  | { readonly ok: true; readonly scope: Scope }
  | { readonly ok: false; readonly problem: string };

const everything: ScopeFilter = { type: 'all' };

/**
 * Takes `base[!filter]` apart (R131). Empty filters and empty names are refused (R132, our fix). Says nothing
 * about whether such a scope exists: see {@link checkScopes}.
 */
export function parseScope(text: string): ParsedScope {
  const mark = text.indexOf('!');
  const base = mark < 0 ? text : text.slice(0, mark);
  if (base === '') return wrong(text, 'names no scope');
  if (mark < 0) return { ok: true, scope: { base, filter: everything } };

  const filterText = text.slice(mark + 1);
  const equals = filterText.indexOf('=');
  const kind = equals < 0 ? filterText : filterText.slice(0, equals);
  if (kind === '') return wrong(text, 'has an empty filter');
  if (!isFilterKind(kind)) return wrong(text, `has the unknown filter !${kind}`);
  if (equals >= 0) {
    const name = filterText.slice(equals + 1);
    if (name === '') return wrong(text, `names no ${kind} after !${kind}=`);
    return { ok: true, scope: { base, filter: { type: 'named', kind, name } } };
  }
  if (kind === 'group') return wrong(text, 'needs the name of a group: !group=<name>');
  return { ok: true, scope: { base, filter: { type: 'shorthand', kind } } };
}

/** The wire spelling of a scope (R47). */
export function formatScope({ base, filter }: Scope): string {
  if (filter.type === 'all') return base;
  return filter.type === 'named' ? `${base}!${filter.kind}=${filter.name}` : `${base}!${filter.kind}`;
}

/** The name of a server in a filter (R131). */
export function serverFilterName(owner: string, server: string): string {
  return `${owner}/${server}`;
}

/** The owner's name in a server's filter name: what stands before the first slash. */
export function ownerOfServer(filterName: string): string {
  const slash = filterName.indexOf('/');
  return slash < 0 ? filterName : filterName.slice(0, slash);
}

/**
 * What is wrong with these scopes, one sentence each, empty when all is well (R132). `whoFor` says where they
 * stand, as in `token` or `role grader`. Whether a named user or group exists is not asked.
 */
export function checkScopes(
  table: ScopeTable,
  scopes: Iterable<string>,
  whoFor?: string | undefined,
): readonly string[] {
  const where = whoFor === undefined ? '' : ` for ${whoFor}`;
  const problems: string[] = [];
  for (const text of scopes) {
    const parsed = parseScope(text);
    if (parsed.ok && table.has(parsed.scope.base)) continue;
    if (text === 'all') problems.push("Draft scope 'all' is now called 'inherit'");
    else if (parsed.ok) problems.push(`Scope '${text}'${where} does not exist`);
    else problems.push(`${parsed.problem}${where === '' ? '' : ` (${where.trim()})`}`);
  }
  return problems;
}

function isFilterKind(kind: string): kind is FilterKind {
  return kind === 'user' || kind === 'group' || kind === 'server' || kind === 'service';
}

function wrong(text: string, problem: string): ParsedScope {
  return { ok: false, problem: `Scope '${text}' ${problem}` };
}
