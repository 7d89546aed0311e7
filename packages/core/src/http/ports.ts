import type { ScopeSet } from '../access/index.ts';
import type { IdentityRef, UserDetails } from '../accounts/index.ts';
import { token, type UserView } from '../plugin/index.ts';

/** Whose permissions a request acts with. */
export type Owner =
  | { readonly kind: 'user'; readonly user: UserView }
  | {
      readonly kind: 'service';
      readonly id: string;
      readonly name: string;
      /** The flag; it permits nothing by itself, except what R67 asks of it. */
      readonly admin: boolean;
    };

/** Who a token stands for, with what it may do at this moment (R124). */
export interface TokenIdentity {
  readonly owner: Owner;
  readonly scopes: ScopeSet;
  /** As clients see it: `a17`. */
  readonly tokenId: string;
  /** The browser session it was issued to (W46). */
  readonly sessionId: string | null;
  /** The user's authenticator was asked in this very request (P125). */
  readonly asked?: boolean;
  /** The token's user with all that a model shows, where the route asks for it. */
  readonly details?: UserDetails | null;
}

/** Who a login cookie stands for, with what they may do at this moment. */
export interface LoginIdentity {
  readonly owner: Extract<Owner, { kind: 'user' }>;
  readonly scopes: ScopeSet;
  /** Names the login without being its secret: it can be read from the `_xsrf` cookie. */
  readonly loginId: string;
  /** Who signed in, at which authenticator; null for logins of a version that did not keep it. */
  readonly identity?: IdentityRef | null;
  /** That authenticator was asked in this very request (P125). */
  readonly asked?: boolean;
}

/** A token or login without its secret: `a17`, `l5`. */
export type CredentialName = `a${string}` | `l${string}`;

/** What the request tells about itself besides the secret. */
export interface UseOfIdentity {
  /** Counts as activity of the user (R11); requests to stopped servers do not (W41). */
  readonly activity: boolean;
  /** {@link TokenIdentity.details} is wanted. */
  readonly details?: boolean;
  /** `false`: authenticators are not asked whether it still holds, however long ago they were (P125). */
  readonly refresh?: boolean;
}

/**
 * Answers who is asking. Expired, revoked and disabled ones are `null`, at once and on every hub.
 */
export interface Sessions {
  byToken(token: string, use: UseOfIdentity): Promise<TokenIdentity | null>;
  /**
   * `secret` is the content of the login cookie. `'expired'`: the authenticator does not vouch for them now; the login
   * is there and may be good again later (P127).
   */
  byLogin(secret: string, use: UseOfIdentity): Promise<LoginIdentity | 'expired' | null>;
  /**
   * Those of the credentials that are still good, each with a text that is another one once the rights of its
   * owner may have changed. One look for all of them.
   */
  versions(of: readonly CredentialName[]): Promise<ReadonlyMap<CredentialName, string>>;
}
export const Sessions = token<Sessions>('Sessions');

/** Tells which groups a user belongs to now (R126). An unknown user belongs to none. */
export interface Memberships {
  groupsOf(userName: string): Promise<ReadonlySet<string>>;
}
export const Memberships = token<Memberships>('Memberships');
