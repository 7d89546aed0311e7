import { type Instant, token } from '../plugin/index.ts';

/** What failures are counted by: a name, an address, or a name at an address it is known from. */
export interface ThrottleKey {
  readonly kind: 'account' | 'address' | 'place';
  readonly key: string;
}

/** A try that is counted as a failure until it turns out not to be one. */
export interface Reservation extends ThrottleKey {
  /** The wait that this try began; null for none. */
  readonly blockedUntil: Instant | null;
}

/** How failures become waits; see {@link throttleWaits}. */
export interface ThrottleRules {
  readonly accountTries: number;
  readonly addressTries: number;
  readonly waits: readonly number[];
  readonly forgetAfter: number;
  readonly placeSeconds: number;
}

/** Failures as all hubs count them, by the database's clock. */
export interface SignInFailures {
  /** The seconds still to wait, of those keys that are there; a place too old is not. */
  look(
    keys: readonly ThrottleKey[],
    rules: ThrottleRules,
  ): Promise<readonly (ThrottleKey & { wait: number })[]>;
  /** Counts a failure for each key, all or none: `null` when one of them has to wait. */
  reserve(keys: readonly ThrottleKey[], rules: ThrottleRules): Promise<readonly Reservation[] | null>;
  /** Takes reserved failures back, with the waits they began. */
  withdraw(reserved: readonly Reservation[]): Promise<void>;
  /**
   * An account signed in: its own failures are forgotten and the place becomes known. Where it was not known before
   * `forgiven` failures of the address are forgotten, too.
   */
  succeed(
    keys: {
      readonly account: string | null;
      readonly place: string | null;
      readonly address: string;
    },
    forgiven: number,
  ): Promise<void>;
  /** Deletes what counts no more; answers how many rows. */
  purge(rules: ThrottleRules): Promise<number>;
}
export const SignInFailures = token<SignInFailures>('SignInFailures');
