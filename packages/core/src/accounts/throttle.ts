import type { KeyedDigest } from '../kernel/index.ts';
import type { Logger } from '../plugin/index.ts';
import { Networks, networkOf } from './network.ts';
import type { Reservation, SignInFailures, ThrottleKey, ThrottleRules } from './throttle-ports.ts';
import { type ThrottleSettings, throttleWaits } from './throttle-waits.ts';

/** A name as somebody typed it, normalised, and whom it is shown to. */
export interface TriedAccount {
  readonly authenticator: string;
  readonly name: string;
}

/** May a password be tried now? */
export type Admission =
  | {
      readonly ok: true;
      /** The try was no guess: nothing is counted. Never rejects. */
      withdraw(): Promise<void>;
      /** The password was right, for one of the accounts. Never rejects. */
      succeeded(authenticator: string): Promise<void>;
    }
  /** `key` names what has to wait, for `wait` seconds. */
  | { readonly ok: false; readonly wait: number; readonly key: ThrottleKey };

/** What a throttle works with. */
export interface ThrottleDeps {
  readonly failures: SignInFailures;
  readonly digest: KeyedDigest;
  readonly settings: ThrottleSettings;
  readonly log: Logger;
}

/**
 * Slows down who guesses passwords (W26, improved). A failure counts for the name that was tried and for the address
 * it came from, on all hubs; beyond some free ones each begins a wait, in which nothing is tried: not even the right
 * password, or the wait would tell which one is right. Where an account signed in before, it is judged by what
 * happened with this name from this address alone, so that strangers cannot keep anybody out of their usual place.
 *
 * A try is counted before it is made and taken back when it was none, so that many at once cannot slip through.
 */
export class Throttle {
  readonly #deps: ThrottleDeps;
  readonly #rules: ThrottleRules;
  readonly #shared: Networks;

  constructor(deps: ThrottleDeps) {
    this.#deps = deps;
    const { settings } = deps;
    this.#shared = new Networks(settings.sharedNetworks);
    this.#rules = {
      accountTries: settings.accountTries,
      addressTries: settings.addressTries,
      waits: throttleWaits(settings),
      forgetAfter: settings.forgetAfter,
      placeSeconds: settings.placeDays * 24 * 3600,
    };
  }

  /** Reserves a try with all of these accounts at once: one password, shown to several authenticators. */
  async admit(accounts: readonly TriedAccount[], ip: string): Promise<Admission> {
    const { accountTries, addressTries } = this.#rules;
    if (accountTries === 0 && addressTries === 0) return free;
    const { failures } = this.#deps;

    const address = this.#key('address', networkOf(ip));
    const tried = accounts.map(({ authenticator, name }) => ({
      authenticator,
      account: this.#key('account', authenticator, folded(name)),
      place: this.#key('place', authenticator, folded(name), networkOf(ip)),
    }));
    const all = [address, ...tried.flatMap(({ account, place }) => [account, place])];
    const seen = new Map((await failures.look(all, this.#rules)).map((row) => [row.key, row.wait]));

    const isStranger = tried.every(({ place }) => !seen.has(place.key));
    const judged = [
      ...tried.map(({ account, place }) => (seen.has(place.key) ? place : account)),
      ...(isStranger && !this.#shared.has(ip) ? [address] : []),
    ].filter(({ kind }) => (kind === 'address' ? addressTries : accountTries) > 0);

    const waiting = longest(judged, seen);
    if (waiting) return waiting;
    const reserved = await failures.reserve(judged, this.#rules);
    if (!reserved) {
      const now = new Map((await failures.look(judged, this.#rules)).map((row) => [row.key, row.wait]));
      // The wait that was in the way may have passed since.
      return longest(judged, now) ?? { ok: false, wait: 0.001, key: judged[0] ?? address };
    }
    return {
      ok: true,
      withdraw: () => this.#quietly(() => failures.withdraw(reserved)),
      succeeded: (authenticator) =>
        this.#quietly(() => this.#settle(reserved, tried, authenticator, address)),
    };
  }

  /** Deletes rows that count no more. */
  purge(): Promise<number> {
    return this.#deps.failures.purge(this.#rules);
  }

  async #settle(
    reserved: readonly Reservation[],
    tried: readonly (Record<'account' | 'place', ThrottleKey> & { readonly authenticator: string })[],
    authenticator: string,
    address: ThrottleKey,
  ): Promise<void> {
    const { failures } = this.#deps;
    await failures.withdraw(reserved);
    const right = tried.find((one) => one.authenticator === authenticator);
    if (!right) return;
    // A known place says nothing about the account elsewhere: who asks for tokens every minute would go on clearing
    // the count that strangers run up.
    const wasStranger = reserved.some(({ key }) => key === right.account.key);
    await failures.succeed(
      { account: wasStranger ? right.account.key : null, place: right.place.key, address: address.key },
      this.#rules.accountTries,
    );
  }

  // Whoever signed in is signed in, and an error that is on its way must not be hidden by another.
  async #quietly(work: () => Promise<void>): Promise<void> {
    await work().catch((error: unknown) => {
      this.#deps.log.warn({ err: error }, 'a try to sign in stays counted as a failure');
    });
  }

  #key(kind: ThrottleKey['kind'], ...parts: readonly string[]): ThrottleKey {
    return { kind, key: this.#deps.digest.of(`sign-in ${kind}`, ...parts) };
  }
}

/** Directories take many spellings for one name; each would bring guesses of its own. */
function folded(name: string): string {
  return name.normalize('NFKC').trim().toLowerCase();
}

const free: Admission = { ok: true, withdraw: async () => undefined, succeeded: async () => undefined };

function longest(
  keys: readonly ThrottleKey[],
  waits: ReadonlyMap<string, number>,
): Extract<Admission, { ok: false }> | null {
  const [key] = keys.toSorted((a, b) => (waits.get(b.key) ?? 0) - (waits.get(a.key) ?? 0));
  const wait = key ? (waits.get(key.key) ?? 0) : 0;
  return key && wait > 0 ? { ok: false, wait, key } : null;
}
