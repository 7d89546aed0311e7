import { token } from '../plugin/index.ts';

/**
 * Scopes that stand in rows: of roles, of tokens, of OAuth clients and codes. Their filters name users and servers,
 * so they follow when one of those gets another name (R63, our fix; R147).
 */
export interface StoredScopes {
  /**
   * Rewrites every stored scope that a filter of this user may stand in, and makes every kept sum of scopes void.
   * To be called inside the transaction that changes the name.
   */
  rewrite(user: string, change: (scope: string) => string): Promise<void>;
}
export const StoredScopes = token<StoredScopes>('StoredScopes');
