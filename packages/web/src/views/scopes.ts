import type { PageScope } from '@hub/core/plugin';

/** Scopes whose holder can act widely: marked, so that nobody hands them out unread. */
const powerful = /^(inherit|self|all|tokens|access:servers|admin[:-].*|roles|shutdown|proxy)(!|$)/;

/** Scopes that open servers and the files in them; `tokens` makes a token that does (R98). */
const opensFiles = /^(inherit|self|all|tokens|access:servers|admin[:-].*)(!|$)/;

const groups = [
  { key: 'groupServers', scopes: /(^|:)servers(!|:|$)/ },
  { key: 'groupSharing', scopes: /(^|:)(shares|tokens)(!|:|$)/ },
  { key: 'groupYou', scopes: /(^|:)(users|self|groups)(!|:|$)/ },
  { key: 'groupOther', scopes: /./ },
] as const;

/** The text key of the group a scope is listed under. */
export type ScopeGroup = (typeof groups)[number]['key'];

/** Does it deserve a warning tag? */
export function isPowerful(scope: string): boolean {
  return powerful.test(scope);
}

/** May somebody with these scopes reach files? Decides what consent says it will *not* give. */
export function mayOpenFiles(scopes: readonly string[]): boolean {
  return scopes.some((scope) => opensFiles.test(scope));
}

/** Scopes in the groups of the picker, empty groups left out. */
export function groupScopes(
  scopes: readonly PageScope[],
): { readonly key: ScopeGroup; readonly scopes: readonly PageScope[] }[] {
  const keyOf = (scope: string) => groups.find((group) => group.scopes.test(scope))?.key ?? 'groupOther';
  return groups
    .map(({ key }) => ({ key, scopes: scopes.filter(({ scope }) => keyOf(scope) === key) }))
    .filter((group) => group.scopes.length > 0);
}
