import {
  authExpired,
  type Credentials,
  type Identity,
  type IdentityRefresh,
  type RefreshOutcome,
} from '../accounts/index.ts';
import type { Owner, Sessions, UseOfIdentity } from '../http/index.ts';
import { quoteName } from '../kernel/index.ts';

/** Asks authenticators anew, where the hub has such. */
export interface RefreshOfRequests {
  readonly refresh: () => Promise<IdentityRefresh>;
  /** An expired word ends what tokens may do, too (P127). */
  readonly strict: boolean;
}

/**
 * Who a request's token or cookie stands for, as the web side wants to know it. With `asking` what authenticators said
 * of them is not older than the configuration allows (P125).
 */
export function sessions(credentials: Credentials, asking: RefreshOfRequests | null = null): Sessions {
  return {
    async byToken(token, use) {
      const look = () =>
        credentials.check(token, { ...use, identity: asking !== null && use.refresh !== false });
      const found = await look();
      if (!found || found.tokenId === null) return null;
      const outcome = await refreshed(found, use, asking);
      if (outcome === 'expired' && asking?.strict) throw authExpired(found.name);
      const now = outcome === 'renewed' ? await look() : found;
      if (!now || now.tokenId === null) return null;
      return {
        owner: ownerOf(now),
        scopes: now.scopes,
        tokenId: now.tokenId,
        sessionId: now.sessionId,
        asked: outcome !== null,
        details: now.details,
      };
    },
    async byLogin(secret, use) {
      const found = await credentials.checkLogin(secret, use);
      if (!found) return null;
      const outcome = await refreshed(found, use, asking);
      if (outcome === 'expired') return 'expired';
      const now = outcome === 'renewed' ? await credentials.checkLogin(secret, use) : found;
      const owner = now ? ownerOf(now) : null;
      if (!now || now.loginId === null || owner?.kind !== 'user') return null;
      const { provided: identity, scopes } = now;
      return { owner, scopes, loginId: String(now.loginId), identity, asked: outcome !== null };
    },
    versions: (names) => credentials.versions(names),
  };
}

/** `null`: nobody had to be asked. */
async function refreshed(
  found: Identity,
  use: UseOfIdentity,
  asking: RefreshOfRequests | null,
): Promise<RefreshOutcome | null> {
  const { provided } = found;
  if (!asking || !provided || use.refresh === false) return null;
  const refresh = await asking.refresh();
  if (!refresh.isDue(provided)) return null;
  const owner = ownerOf(found);
  return owner.kind === 'user' ? refresh.ifDue(owner.user, provided) : null;
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
