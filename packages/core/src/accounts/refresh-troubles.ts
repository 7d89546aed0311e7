import type { Clock, Instant, Logger } from '../plugin/index.ts';
import type { IdentityAge } from './identity-ports.ts';

/** An answer "no" holds this long for an identity, and so does silence: nobody is asked with every request. */
const retrySeconds = 30;
/** When several identities fail one after another, an authenticator is left alone this long. */
const pauseMs = 10_000;
const failuresUntilPause = 2;
const warnEveryMs = 60_000;
const remembered = 10_000;

interface Trouble {
  readonly outcome: 'expired' | 'not asked';
  /** A sign-in or a refresh elsewhere makes it another one, and the trouble is over. */
  readonly refreshedAt: Instant;
  /** By the database's clock: how old the word was when that happened. */
  readonly age: number;
}

interface Health {
  failures: number;
  lastSubject: string | null;
  pausedUntil: number;
  warnedAt: number;
}

/** Remembers on this hub what went wrong a moment ago, so that a provider in trouble is not asked all the time. */
export class RefreshTroubles {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #identities = new Map<string, Trouble>();
  readonly #authenticators = new Map<string, Health>();

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Logger }) {
    this.#clock = clock;
    this.#log = log;
  }

  /** What to go on with instead of asking; `null`: ask. */
  outcomeOf(identity: IdentityAge): Trouble['outcome'] | null {
    const trouble = this.#identities.get(keyOf(identity));
    const isRecent =
      trouble?.refreshedAt === identity.refreshedAt && identity.age - trouble.age < retrySeconds;
    if (isRecent) return trouble.outcome;
    return this.#clock.monotonic() < this.#healthOf(identity).pausedUntil ? 'not asked' : null;
  }

  /** It gave an answer: a "no" is remembered. */
  answered(identity: IdentityAge, outcome: string): void {
    const health = this.#authenticators.get(identity.authenticator);
    if (health)
      Object.assign(health, { failures: 0, lastSubject: null, pausedUntil: Number.NEGATIVE_INFINITY });
    if (outcome === 'expired') this.#remember(identity, 'expired');
    else this.#identities.delete(keyOf(identity));
  }

  /** It gave none. The log hears of it once a minute for each authenticator. */
  failed(identity: IdentityAge, user: string, error: unknown): void {
    const { authenticator } = identity;
    this.#remember(identity, 'not asked');
    const health = this.#healthOf(identity);
    const now = this.#clock.monotonic();
    // One person whose refresh always fails is no trouble of everybody's.
    if (health.lastSubject !== identity.subject) health.failures++;
    health.lastSubject = identity.subject;
    if (health.failures >= failuresUntilPause) health.pausedUntil = now + pauseMs;
    if (now - health.warnedAt >= warnEveryMs) {
      health.warnedAt = now;
      this.#log.warn({ err: error, authenticator, user }, 'refresh failed, the last answer counts for now');
    }
    this.#authenticators.set(authenticator, health);
  }

  #remember(identity: IdentityAge, outcome: Trouble['outcome']): void {
    if (this.#identities.size >= remembered) this.#identities.clear();
    this.#identities.set(keyOf(identity), { outcome, refreshedAt: identity.refreshedAt, age: identity.age });
  }

  #healthOf({ authenticator }: IdentityAge): Health {
    return (
      this.#authenticators.get(authenticator) ?? {
        failures: 0,
        lastSubject: null,
        pausedUntil: Number.NEGATIVE_INFINITY,
        warnedAt: Number.NEGATIVE_INFINITY,
      }
    );
  }
}

function keyOf({ authenticator, subject }: IdentityAge): string {
  return JSON.stringify([authenticator, subject]);
}
