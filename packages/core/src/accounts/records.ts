import type { Client } from '../access/index.ts';
import type { Instant, JsonObject, JsonValue } from '../plugin/index.ts';

/** A user as stored. */
export interface UserRecord {
  readonly id: number;
  readonly name: string;
  readonly admin: boolean;
  /** A disabled user keeps everything and can do nothing. */
  readonly disabled: boolean;
  readonly userInfo: JsonObject | null;
  readonly created: Instant;
  readonly lastActivity: Instant | null;
}

/** What a user's model shows of one of their servers (section 2.2). */
export interface UserServer {
  readonly id: number;
  readonly name: string;
  readonly displayName: string;
  readonly phase: 'stopped' | 'queued' | 'starting' | 'ready' | 'stopping';
  readonly attempt: number;
  readonly requestedAt: Instant | null;
  readonly readyAt: Instant | null;
  readonly lastActivity: Instant | null;
  readonly created: Instant;
  readonly userOptions: JsonObject | null;
  readonly state: JsonValue | null;
}

/** A user with everything a model of one is made of (section 2.1), read in one statement. */
export interface UserDetails extends UserRecord {
  /** Names, sorted. */
  readonly groups: readonly string[];
  /** Names of direct roles, sorted. */
  readonly roles: readonly string[];
  /** All stored servers, the default one first. */
  readonly servers: readonly UserServer[];
}

/** To whom a token belongs. */
export interface TokenOwner {
  readonly kind: 'user' | 'service';
  readonly id: number;
  readonly name: string;
}

/** A token without its secret. */
export interface TokenRecord {
  readonly id: number;
  readonly owner: TokenOwner;
  readonly clientId: string;
  /** Description of the client, or its id where it has none (section 2.3). */
  readonly clientName: string;
  readonly client: Client;
  readonly sessionId: string | null;
  readonly note: string;
  /** Raw, as asked for. */
  readonly scopes: readonly string[];
  readonly prefix: string;
  readonly created: Instant;
  readonly expiresAt: Instant | null;
  readonly lastActivity: Instant | null;
}

/** A browser that is signed in. */
export interface LoginRecord {
  readonly id: number;
  readonly userId: number;
  readonly authenticator: string;
  /** Whom the authenticator knows; null for logins of a version that did not keep it. */
  readonly subject: string | null;
  /** The provider's name for its own session, if it gave one. */
  readonly providerSession: string | null;
  readonly sessionId: string | null;
  readonly userAgent: string;
  readonly ip: string;
  readonly created: Instant;
  readonly lastSeen: Instant | null;
  readonly expiresAt: Instant;
}

/** How a login is called on the wire: `l17`. It is no secret: the cookie holds another value. */
export function loginName(id: number): string {
  return `l${id}`;
}

/** The id behind a login's name on the wire, `null` when it is none. */
export function loginIdOf(name: string): number | null {
  if (!/^l[1-9]\d{0,14}$/.test(name)) return null;
  return Number(name.slice(1));
}

/** An application that may ask for tokens (W65). */
export interface OAuthClient {
  readonly identifier: string;
  readonly description: string;
  /** SHA-256 of the secret; `null` can never authenticate. */
  readonly secretHash: string | null;
  readonly redirectUri: string;
  readonly allowedScopes: readonly string[];
  readonly serviceId: number | null;
  readonly serverId: number | null;
  /** What it stands for. */
  readonly client: Client;
}

/** The client every ordinary API token belongs to (R175). */
export const hubClientId = 'jupyterhub';

/** How a token is called on the wire: `a17`. */
export function tokenName(id: number): string {
  return `a${id}`;
}

/** The id behind a token's name on the wire, `null` when it is none (R100). */
export function tokenIdOf(name: string): number | null {
  if (!/^a[1-9]\d{0,14}$/.test(name)) return null;
  return Number(name.slice(1));
}
