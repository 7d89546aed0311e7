import { quoteName } from '../kernel/index.ts';

/**
 * Ids a server's OAuth client may have, the usual one first (P236). `jupyterhub-user-zz-b` is both the default
 * server of `zz-b` and the server `b` of `zz` (W66); the second form cannot collide, since a quoted name never
 * holds a `!`.
 */
export function clientIds(user: string, server: string): readonly string[] {
  const plain = `jupyterhub-user-${quoteName(user)}${server === '' ? '' : `-${quoteName(server)}`}`;
  return [plain, `jupyterhub-user-${quoteName(user)}!${quoteName(server)}`];
}
