import { type Instant, token } from '../plugin/index.ts';

/** What failures are counted by: a name, an address, or a name at an address it is known from. */
export interface ThrottleKey {
  readonly kind: 'account' | 'address' | 'place';
  readonly key: string;
}

/** A try under way. */
export interface Reservation extends ThrottleKey {
  /** When it counts no more, should nobody say how it ended. */
  readonly until: Instant;
}

/** How failures become waits; see {@link throttleWaits}. Times are seconds. */
export interface ThrottleRules {
  readonly accountTries: number;
  readonly addressTries: number;
  readonly waits: readonly number[];
  readonly forgetAfter: number;
  readonly placeSeconds: number;
  /** No try lasts longer. */
  readonly trySeconds: number;
}

/** Failures as all hubs count them, by the database's clock. */
export interface SignInFailures {
  /** The seconds still to wait, of those keys that are there; a place too old is not. */
  look(
    keys: readonly ThrottleKey[],
    rules: ThrottleRules,
  ): Promise<readonly (ThrottleKey & { readonly wait: number })[]>;
  /**
   * Reserves a try for each key, all or none. `null` when one of them has to wait, or when so many tries are under
   * way that all of them failing would be more than are free: beyond these there is one at a time.
   */
  reserve(keys: readonly ThrottleKey[], rules: ThrottleRules): Promise<readonly Reservation[] | null>;
  /** The tries ended in a failure: each is counted, and may begin a wait. */
  failed(reserved: readonly Reservation[], rules: ThrottleRules): Promise<void>;
  /** The tries ended without one. */
  withdraw(reserved: readonly Reservation[]): Promise<void>;
  /**
   * The tries ended with a sign-in: failures of the account are forgotten and the place becomes known. Where it was
   * not known before, so many failures of the address are forgiven.
   */
  succeeded(
    reserved: readonly Reservation[],
    keys: { readonly account: string | null; readonly place: string; readonly address: string },
    forgiven: number,
  ): Promise<void>;
  /** Deletes what counts no more; answers how many rows. */
  purge(rules: ThrottleRules): Promise<number>;
}
export const SignInFailures = token<SignInFailures>('SignInFailures');
