import type { Credentials, Identity } from '../accounts/index.ts';
import type { Owner, Sessions } from '../http/index.ts';
import { quoteName } from '../kernel/index.ts';

/** Who a request's token or cookie stands for, as the web side wants to know it. */
export function sessions(credentials: Credentials): Sessions {
  return {
    async byToken(token, use) {
      const found = await credentials.check(token, use);
      if (!found || found.tokenId === null) return null;
      return {
        owner: ownerOf(found),
        scopes: found.scopes,
        tokenId: found.tokenId,
        sessionId: found.sessionId,
        details: found.details,
      };
    },
    async byLogin(secret, use) {
      const found = await credentials.checkLogin(secret, use);
      const owner = found ? ownerOf(found) : null;
      if (!found || found.loginId === null || owner?.kind !== 'user') return null;
      return { owner, scopes: found.scopes, loginId: String(found.loginId) };
    },
    versions: (names) => credentials.versions(names),
  };
}

function ownerOf(identity: Identity): Owner {
  const { id, name, admin, groups } = identity;
  if (identity.kind === 'service') return { kind: 'service', id: String(id), name, admin };
  const user = {
    id: String(id),
    name,
    escapedName: quoteName(name),
    admin,
    groups,
    created: identity.created ?? '',
  };
  return { kind: 'user', user };
}
