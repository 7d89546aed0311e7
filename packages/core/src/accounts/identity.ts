import type { ScopeSet } from '../access/index.ts';
import type { Instant } from '../plugin/index.ts';
import type { IdentityAge } from './identity-ports.ts';
import type { UserDetails } from './records.ts';

/** Who is asking, proven by a token or by a browser's login. */
export interface Identity {
  readonly kind: 'user' | 'service';
  readonly id: number;
  readonly name: string;
  /** The flag; it permits nothing by itself, except what R67 asks of it. */
  readonly admin: boolean;
  /** Names of the user's groups, sorted; none for a service. */
  readonly groups: readonly string[];
  /** When the user was made; `null` for a service. */
  readonly created: Instant | null;
  /** What may be done with this token or login, expanded (R124). */
  readonly scopes: ScopeSet;
  /** `a<id>`, or `null` for a login (R46). */
  readonly tokenId: string | null;
  /** Id of the OAuth client that issued the token; `null` for a login. */
  readonly clientId: string | null;
  /** Binds tokens to a browser's login (W46). */
  readonly sessionId: string | null;
  /** Row of the browser's login; `null` for a token. */
  readonly loginId: number | null;
  /** The token of a server: its use is no activity of the user (R11). */
  readonly isServer: boolean;
  /** Who the user is at an authenticator, and how old that word is; `null` where nobody wanted to know. */
  readonly provided: IdentityAge | null;
  /** The user of a token with all that a model shows, where the look was to bring it. */
  readonly details: UserDetails | null;
}

/** Tokens with a note that begins so belong to servers (R11). */
export const serverTokenNote = 'Server at ';
