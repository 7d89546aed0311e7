import { type ScopeTable, serverFilterName, shareScopes } from '../access/index.ts';
import { HubError } from '../plugin/index.ts';
import type { SharedServer } from './ports.ts';

/** A server by its names alone: scopes are checked before anything looks whether it exists (R115). */
export type ServerNames = Pick<SharedServer, 'owner' | 'name'>;

/**
 * The scopes a share of this server is asked for, each filtered to it, sorted; nothing asked for is access to it.
 * @throws HubError 400 for a scope that does not exist or has another filter (R114).
 */
export function scopesToShare(
  table: ScopeTable,
  server: ServerNames,
  asked: readonly string[] | null | undefined,
): readonly string[] {
  const result = shareScopes(table, asked, server);
  if (result.ok) return result.scopes;
  throw new HubError('HUB_BAD_REQUEST', result.problems.slice(0, 10).join('; '));
}

/** Names of the scopes, as they are stored: the filter comes back when they are read. */
export function withoutFilter(scopes: readonly string[]): readonly string[] {
  return [...new Set(scopes.map((scope) => scope.split('!', 1)[0] ?? ''))].sort();
}

/** The wire spelling: every scope with the server as it is called now (R147). */
export function withServer({ owner, name }: ServerNames, scopes: readonly string[]): readonly string[] {
  return scopes.map((scope) => `${scope}!server=${serverFilterName(owner, name)}`);
}
