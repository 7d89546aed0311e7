import { allows } from '../access/index.ts';
import { type Caller, ownerOf, scopesOf } from './caller.ts';

/**
 * May they read what a server prints? A log may hold what its owner typed, names of files, and secrets of programs we
 * know nothing of. So: the owner, by any credential that may open the server (who opens it can read its files
 * anyway), and those who administer it. Not those it is shared with, and no reader of `read:servers`.
 */
export function mayReadLog(
  caller: Caller,
  server: { readonly user: string; readonly server: string; readonly groups: ReadonlySet<string> },
): boolean {
  const scopes = scopesOf(caller);
  const target = { kind: 'server', ...server } as const;
  if (allows(scopes, 'admin:servers', target)) return true;
  const owner = ownerOf(caller);
  return (
    owner?.kind === 'user' && owner.user.name === server.user && allows(scopes, 'access:servers', target)
  );
}
