import type { KeyedDigest } from '../kernel/index.ts';
import type { Clock, Logger } from '../plugin/index.ts';
import { Networks, networkOf } from './network.ts';
import type { Reservation, SignInFailures, ThrottleKey, ThrottleRules } from './throttle-ports.ts';
import { type ThrottleSettings, throttleWaits } from './throttle-waits.ts';
import { Turns } from './turns.ts';

/** A name as somebody typed it, normalised, and whom it is shown to. */
export interface TriedAccount {
  readonly authenticator: string;
  readonly name: string;
}

/** May a password be tried now? */
export type Admission = Admitted | Waiting;

/** A try under way; exactly one of these is to be told how it ended. None of them rejects. */
interface Admitted {
  readonly ok: true;
  /** The visitor was wrong. */
  failed(): Promise<void>;
  /** The try says nothing about the visitor: nothing is counted. */
  withdraw(): Promise<void>;
  /** The password was right, for the account of this authenticator. */
  succeeded(authenticator: string): Promise<void>;
}

/** What has to wait, and for how many seconds. */
interface Waiting {
  readonly ok: false;
  readonly wait: number;
  readonly key: ThrottleKey;
}

interface KnownAs {
  readonly authenticator: string;
  readonly account: ThrottleKey;
  readonly place: ThrottleKey;
}

/** What a throttle works with. */
export interface ThrottleDeps {
  readonly failures: SignInFailures;
  readonly digest: KeyedDigest;
  readonly settings: ThrottleSettings;
  readonly clock: Clock;
  readonly log: Logger;
  /** Seconds an authenticator has for a call. */
  readonly pluginTimeout: number;
}

/** A try that finds no room asks again so much later, and gives up after so long. */
const askAgainMs = 200;
const patienceMs = 15_000;

/**
 * Slows down who guesses passwords (W26, improved). A failure counts for the name that was tried and for the address
 * it came from, on all hubs; beyond some free ones each begins a wait, in which nothing is tried: not even the right
 * password, or the wait would tell which one is right. Where an account signed in before, it is judged by what
 * happened with this name from this address alone, so that strangers cannot keep anybody out of their usual place.
 *
 * A try is reserved before it is made, and only as many are under way as may fail: many at once cannot slip through,
 * and those who know their passwords are let through one after another instead of being refused.
 */
export class Throttle {
  readonly #deps: ThrottleDeps;
  readonly #rules: ThrottleRules;
  readonly #shared: Networks;
  readonly #turns: Turns;

  constructor(deps: ThrottleDeps) {
    this.#deps = deps;
    const { settings, clock, pluginTimeout } = deps;
    this.#turns = new Turns(clock);
    this.#shared = new Networks(settings.sharedNetworks);
    this.#rules = {
      accountTries: settings.accountTries,
      addressTries: settings.addressTries,
      waits: throttleWaits(settings),
      forgetAfter: settings.forgetAfter,
      placeSeconds: settings.placeDays * 24 * 3600,
      // A sign-in is a few calls.
      trySeconds: 4 * pluginTimeout,
    };
  }

  /** Reserves a try with all of these accounts at once: one password, shown to several authenticators. */
  async admit(accounts: readonly TriedAccount[], ip: string): Promise<Admission> {
    const { accountTries, addressTries } = this.#rules;
    if (accountTries === 0 && addressTries === 0) return free;
    const { failures } = this.#deps;

    const address = this.#key('address', networkOf(ip));
    const tried = accounts.map(
      ({ authenticator, name }): KnownAs => ({
        authenticator,
        account: this.#key('account', authenticator, folded(name)),
        place: this.#key('place', authenticator, folded(name), networkOf(ip)),
      }),
    );
    const all = [address, ...tried.flatMap(({ account, place }) => [account, place])];
    const seen = new Map((await failures.look(all, this.#rules)).map((row) => [row.key, row.wait]));

    const isStranger = tried.every(({ place }) => !seen.has(place.key));
    const judged = [
      ...tried.map(({ account, place }) => (seen.has(place.key) ? place : account)),
      ...(isStranger && !this.#shared.has(ip) ? [address] : []),
    ].filter(({ kind }) => (kind === 'address' ? addressTries : accountTries) > 0);

    const waiting = longest(judged, seen);
    if (waiting) return waiting;
    // Of all that come from one address at once no more ask the database than it would let try.
    const turn = judged.includes(address)
      ? await this.#turns.take(address.key, addressTries, patienceMs)
      : () => undefined;
    if (!turn) return { ok: false, wait: 1, key: address };
    try {
      const reserved = await this.#reserve(judged);
      if ('wait' in reserved) {
        turn();
        return reserved;
      }
      return this.#admitted(reserved, turn, tried, address);
    } catch (error) {
      turn();
      throw error;
    }
  }

  /** Deletes rows that count no more. */
  purge(): Promise<number> {
    return this.#deps.failures.purge(this.#rules);
  }

  async #reserve(judged: readonly ThrottleKey[]): Promise<readonly Reservation[] | Waiting> {
    const { failures, clock } = this.#deps;
    for (const end = clock.monotonic() + patienceMs; ; ) {
      const reserved = await failures.reserve(judged, this.#rules);
      if (reserved) return reserved;
      const waits = new Map((await failures.look(judged, this.#rules)).map((row) => [row.key, row.wait]));
      const waiting = longest(judged, waits);
      if (waiting) return waiting;
      const [first] = judged;
      if (first && clock.monotonic() > end) return { ok: false, wait: 1, key: first };
      await clock.sleep(askAgainMs);
    }
  }

  #admitted(
    reserved: readonly Reservation[],
    turn: () => void,
    tried: readonly KnownAs[],
    address: ThrottleKey,
  ): Admitted {
    const { failures } = this.#deps;
    const end = (work: () => Promise<void>) => this.#quietly(work).finally(turn);
    return {
      ok: true,
      failed: () => end(() => failures.failed(reserved, this.#rules)),
      withdraw: () => end(() => failures.withdraw(reserved)),
      succeeded: (authenticator) =>
        end(async () => {
          const right = tried.find((one) => one.authenticator === authenticator);
          if (!right) return failures.withdraw(reserved);
          // A known place says nothing about the account elsewhere: who asks for tokens every minute would go on
          // clearing the count that strangers run up.
          const wasStranger = reserved.some(({ key }) => key === right.account.key);
          const account = wasStranger ? right.account.key : null;
          const keys = { account, place: right.place.key, address: address.key };
          await failures.succeeded(reserved, keys, this.#rules.accountTries);
        }),
    };
  }

  // Whoever signed in is signed in, and an error that is on its way must not be hidden by another.
  async #quietly(work: () => Promise<void>): Promise<void> {
    await work().catch((error: unknown) => {
      this.#deps.log.warn({ err: error }, 'how a try to sign in ended could not be written');
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

const nothing = async () => undefined;
const free: Admission = { ok: true, failed: nothing, withdraw: nothing, succeeded: nothing };

function longest(keys: readonly ThrottleKey[], waits: ReadonlyMap<string, number>): Waiting | null {
  const [key] = keys.toSorted((a, b) => (waits.get(b.key) ?? 0) - (waits.get(a.key) ?? 0));
  const wait = key ? (waits.get(key.key) ?? 0) : 0;
  return key && wait > 0 ? { ok: false, wait, key } : null;
}
