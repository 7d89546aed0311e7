import { type Instant, token } from '../plugin/index.ts';

/** Who somebody is at an authenticator. */
export interface IdentityRef {
  readonly authenticator: string;
  readonly subject: string;
}

/** Where an auth_state stands: with an identity, or with a user who has none. */
export interface StatePlace {
  readonly userId: number;
  readonly identity: IdentityRef | null;
}

/** An auth_state as stored; `null` when there is none. */
export interface StoredState extends StatePlace {
  readonly sealed: string | null;
}

/** When the authenticator was last asked about an identity. */
export interface IdentityAge extends IdentityRef {
  readonly refreshedAt: Instant;
  /** Seconds since then, by the database's clock. */
  readonly age: number;
}

/** A refresh that this hub alone has under way. */
export interface RefreshClaim {
  readonly identity: IdentityRef;
  readonly claimedAt: Instant;
  readonly sealed: string | null;
}

/** Who asks for something, as far as refreshing goes. */
export interface Requester {
  /** `null` for a service. */
  readonly userId: number | null;
  /** The identity of their login; `null` for who comes with a token. */
  readonly login: IdentityRef | null;
  readonly isLogin: boolean;
  /** This very request has asked their authenticator. */
  readonly asked: boolean;
}

/** What authenticators told of users, and when. */
export interface IdentityStore {
  /**
   * The state of the identity the user signed in with last, of all authenticators or of one; for a user without any
   * identity what the API stored. `null` when there is nothing of the kind.
   */
  stateOfUser(userId: number, authenticator?: string): Promise<StoredState | null>;
  /** The state of one identity; `null` when it is not the user's. */
  stateOf(userId: number, identity: IdentityRef): Promise<StoredState | null>;
  setState(place: StatePlace, sealed: string | null): Promise<void>;
  /** The same while it still is `from`. */
  replaceState(place: StatePlace, from: string, to: string): Promise<void>;
  /** A sign-in: it counts as asked just now. What the API stored for the user before is forgotten. */
  signedIn(userId: number, identity: IdentityRef, sealed: string | null): Promise<void>;

  /** The identity the user signed in with last. */
  latestOf(userId: number): Promise<IdentityAge | null>;
  age(userId: number, identity: IdentityRef): Promise<IdentityAge | null>;
  /**
   * Takes a refresh upon this hub for so many seconds. `seen`: only while the last one is still that; without it in any
   * case. `null`: another hub has it, somebody signed in, or the identity is gone.
   */
  claimRefresh(
    userId: number,
    identity: IdentityRef,
    seconds: number,
    seen?: { readonly refreshedAt: Instant },
  ): Promise<RefreshClaim | null>;
  /**
   * The claimed refresh is done; with another state, unless that is absent. False when somebody signed in or claimed
   * it meanwhile: then their word counts.
   */
  refreshed(claim: RefreshClaim, sealed?: string | null): Promise<boolean>;
  /** The claimed refresh came to nothing: anybody may begin one. */
  abandonRefresh(claim: RefreshClaim): Promise<void>;
}
export const IdentityStore = token<IdentityStore>('IdentityStore');
