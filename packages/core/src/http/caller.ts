import { ScopeSet } from '../access/index.ts';
import type { Requester } from '../accounts/index.ts';
import type { HubCookies } from './cookies.ts';
import type {
  CredentialName,
  LoginIdentity,
  Owner,
  Sessions,
  TokenIdentity,
  UseOfIdentity,
} from './ports.ts';
import { cookieCounts } from './xsrf.ts';

/** Who is asking, and by what means. */
export type Caller =
  | { readonly kind: 'anonymous' }
  | ({ readonly kind: 'token' } & TokenIdentity)
  | ({
      readonly kind: 'cookie' /** As the request brought it; `null` in the first request without (W45). */;
      readonly sessionId: string | null;
    } & LoginIdentity);

/** Nobody known. */
export const anonymous: Caller = { kind: 'anonymous' };

/** What a caller may do; a stranger nothing. */
export function scopesOf(caller: Caller): ScopeSet {
  return caller.kind === 'anonymous' ? ScopeSet.empty : caller.scopes;
}

/** Whose permissions the caller acts with, or `null`. */
export function ownerOf(caller: Caller): Owner | null {
  return caller.kind === 'anonymous' ? null : caller.owner;
}

/** A name for logs: the user's, or `service:` and the service's, or nothing. */
export function callerName(caller: Caller): string {
  const owner = ownerOf(caller);
  if (owner === null) return '';
  return owner.kind === 'user' ? owner.user.name : `service:${owner.name}`;
}

/** Who asks, as far as refreshing goes (P128). */
export function requesterOf(caller: Caller): Requester {
  const owner = ownerOf(caller);
  const userId = owner?.kind === 'user' ? Number(owner.user.id) : null;
  const isLogin = caller.kind === 'cookie';
  const login = isLogin ? (caller.identity ?? null) : null;
  return { userId, isLogin, login, asked: caller.kind !== 'anonymous' && caller.asked === true };
}

/** By what the caller came, without the secret; `null` for a stranger. */
export function credentialOf(caller: Caller): CredentialName | null {
  if (caller.kind === 'anonymous') return null;
  return caller.kind === 'cookie' ? `l${caller.loginId}` : `a${caller.tokenId.replace(/^a/, '')}`;
}

/** Tokens longer than this are none (R8, W65). */
const maxTokenLength = 64;

/** The token of an `Authorization` header (R7), or `null`. */
export function bearerToken(authorization: string | undefined): string | null {
  const found = /^(?:token|bearer)\s+(\S+)\s*$/i.exec(authorization ?? '')?.[1];
  return found !== undefined && found.length <= maxTokenLength ? found : null;
}

/** What a request shows of who sends it. */
export interface Credentials {
  readonly method: string;
  readonly authorization: string | undefined;
  readonly cookie: string | undefined;
  readonly contentType: string | undefined;
}

/** How the route wants it looked at. */
export interface IdentifyRules {
  /** Pages take cookies alone (R9). */
  readonly tokens: boolean;
  /** R30 is about the API: pages are posted as forms. */
  readonly jsonOnly: boolean;
  readonly use: UseOfIdentity;
  readonly now: Date;
}

/** `spoiled`: there is a login cookie, and it stands for nobody; it is to be cleared (W45). */
export interface Identified {
  readonly caller: Caller;
  readonly spoiled: boolean;
}

/** Finds out who is asking: a valid token wins, a bad one counts as none, then the login cookie (R7–R9, R30). */
export async function identify(
  credentials: Credentials,
  rules: IdentifyRules,
  sessions: Sessions,
  cookies: HubCookies,
): Promise<Identified> {
  const token = rules.tokens ? bearerToken(credentials.authorization) : null;
  const byToken = token === null ? null : await sessions.byToken(token, rules.use);
  if (byToken) return { caller: { kind: 'token', ...byToken }, spoiled: false };

  const login = cookies.readLogin(credentials.cookie, rules.now);
  if (login.kind !== 'login') return { caller: anonymous, spoiled: login.kind === 'spoiled' };
  if (rules.jsonOnly && !cookieCounts(credentials.method, credentials.contentType)) {
    return { caller: anonymous, spoiled: false };
  }
  const byLogin = await sessions.byLogin(login.id, rules.use);
  if (!byLogin) return { caller: anonymous, spoiled: true };
  // P127: as if nobody were signed in, and the cookie stays: it may be good again.
  if (byLogin === 'expired') return { caller: anonymous, spoiled: false };
  const sessionId = cookies.readSessionId(credentials.cookie);
  return { caller: { kind: 'cookie', sessionId, ...byLogin }, spoiled: false };
}
