import type { Actor, AuditEntry, DomainEvents, Ids, KeyedDigest, UnitOfWork } from '../kernel/index.ts';
import type { Clock } from '../plugin/index.ts';
import { GroupCommit } from './group-commit.ts';
import type { UserStore } from './ports.ts';
import type { SignInRefusal } from './sign-in-decision.ts';
import type { TriedAccount } from './throttle.ts';
import type { ThrottleKey } from './throttle-ports.ts';

/** A sign-in that did not come to anything. */
export interface Refused extends TriedAccount {
  readonly reason: SignInRefusal;
  readonly ip: string;
  /** When it arrived, by the clock that only goes forward. */
  readonly began: number;
}

/** What refusals are told to and held by. */
export interface RefusalsDeps {
  readonly users: Pick<UserStore, 'byName'>;
  readonly work: UnitOfWork;
  readonly events: DomainEvents;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly digest: KeyedDigest;
  /** No refusal is answered sooner after its arrival. */
  readonly refusalSeconds: number;
}

/** When a waiting key last got a row, how many tries since got none, and what stands in it. */
interface ThrottledRow {
  readonly since: number;
  tries: number;
  readonly entry: Promise<AuditEntry>;
}

const throttle = { action: 'login.throttle' } as const;
/** Reasons that leave open whether the person is called as they say. */
const unproven: ReadonlySet<SignInRefusal> = new Set([
  'wrong credentials',
  'invalid name',
  'refused in words of its own',
]);
const trailMs = 60_000;
const remembered = 20;
const longestTypicalMs = 10_000;
const longestName = 255;

/**
 * Everything that follows from a refusal but the answer itself: one row of the audit trail, and a delay that is the
 * same whatever the reason, so that nobody learns from it which names exist or which passwords are right (P105).
 */
export class Refusals {
  readonly #deps: RefusalsDeps;
  readonly #trail: GroupCommit<AuditEntry>;
  readonly #closing = new AbortController();
  /** How long wrong passwords took lately, by authenticator: many systems take their time over these alone. */
  readonly #typical = new Map<string, number[]>();
  readonly #throttled = new Map<string, ThrottledRow>();

  constructor(deps: RefusalsDeps) {
    this.#deps = deps;
    this.#trail = new GroupCommit({ clock: deps.clock, write: (entries) => deps.work.note(entries) });
  }

  /** Resolves when the refusal is recorded and old enough to be answered. */
  async refused(refused: Refused): Promise<void> {
    const { authenticator, reason, began } = refused;
    const tookMs = this.#deps.clock.monotonic() - began;
    this.#deps.events.emit('signInRefused', { reason, seconds: tookMs / 1000 });
    const holdMs = this.#holdMs(authenticator, reason, tookMs);
    const { target, actor } = await this.#whom(refused);
    await Promise.all([
      this.#trail.add({ actor, action: 'login.refuse', target, details: { authenticator, reason } }),
      this.#until(began + holdMs),
    ]);
  }

  /**
   * A try in a time of waiting. One row a minute for each name or address that waits, with the number of tries it
   * stands for: who floods the hub must not fill the database.
   */
  async throttled(
    account: TriedAccount | undefined,
    ip: string,
    key: ThrottleKey,
    wait: number,
  ): Promise<void> {
    const { clock, events } = this.#deps;
    events.emit('signInThrottled', { by: key.kind });
    const since = clock.monotonic();
    await this.#writeThrottled(since - trailMs);
    const before = this.#throttled.get(key.key);
    if (before) {
      before.tries += 1;
      return;
    }
    const { authenticator, name } = account ?? { authenticator: '', name: '' };
    const details = { authenticator, by: key.kind, wait: Math.ceil(wait) };
    const whose = this.#whom({ name, ip, reason: 'wrong credentials' });
    const row: ThrottledRow = {
      since,
      tries: 0,
      entry: whose.then((who) => ({ ...who, ...throttle, details })),
    };
    this.#throttled.set(key.key, row);
    await row.entry
      .then((entry) => this.#write(entry, 1))
      .catch((error: unknown) => {
        this.#throttled.delete(key.key);
        throw error;
      });
  }

  /** From now on refusals are answered at once, those waiting included. */
  async close(): Promise<void> {
    this.#closing.abort();
    const last = this.#writeThrottled(Number.POSITIVE_INFINITY);
    await Promise.all([last, this.#trail.drain()]);
  }

  /**
   * Someone may have typed a password where the name belongs: a name is written down only if a user has it, or if
   * the person proved to be called so. Of others a keyed digest tells which rows mean the same.
   */
  async #whom({
    name,
    ip,
    reason,
  }: Pick<Refused, 'name' | 'ip' | 'reason'>): Promise<{ readonly target: string; readonly actor: Actor }> {
    const actor: Actor = { kind: 'anonymous', name: '', ip };
    const isProven = !unproven.has(reason);
    const isName = name !== '' && name.length <= longestName && !name.includes('\0');
    if (isName && (isProven || (await this.#deps.users.byName(name))))
      return { actor, target: `user:${name}` };
    return {
      actor,
      target: name === '' ? 'name:' : `name:${this.#deps.digest.of('name', name).slice(0, 12)}`,
    };
  }

  #holdMs(authenticator: string, reason: SignInRefusal, tookMs: number): number {
    const floor = this.#deps.refusalSeconds * 1000;
    const typical = this.#typical.get(authenticator) ?? [];
    if (reason === 'wrong credentials') {
      this.#typical.set(authenticator, [...typical, Math.min(tookMs, longestTypicalMs)].slice(-remembered));
      return floor;
    }
    const like = typical.length > 0 ? (typical[this.#deps.ids.integer(0, typical.length - 1)] ?? 0) : 0;
    return Math.max(floor, like);
  }

  async #until(when: number): Promise<void> {
    const rest = when - this.#deps.clock.monotonic();
    if (rest <= 0) return;
    // Aborted only by close(): then the answer goes at once.
    await this.#deps.clock.sleep(rest, this.#closing.signal).catch(() => undefined);
  }

  /** Rows for what was only counted, of keys that got their last row before this moment. */
  async #writeThrottled(before: number): Promise<void> {
    const written: Promise<void>[] = [];
    for (const [key, { since, tries, entry }] of this.#throttled) {
      if (since > before) break; // in the order of their times
      this.#throttled.delete(key);
      if (tries > 0) written.push(entry.then((known) => this.#write(known, tries)));
    }
    await Promise.all(written);
  }

  #write(entry: AuditEntry, tries: number): Promise<void> {
    return this.#trail.add({ ...entry, details: { ...entry.details, tries } });
  }
}
