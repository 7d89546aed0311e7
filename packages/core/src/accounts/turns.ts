import type { Clock } from '../plugin/index.ts';

/** Lets so many at a time do something for one key, and the others wait for their turn in the order they came. */
export class Turns {
  readonly #clock: Clock;
  readonly #busy = new Map<string, number>();
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves with how to end the turn, or with `null` when it did not come within `ms`. */
  async take(key: string, limit: number, ms: number): Promise<(() => void) | null> {
    const end = () => this.#end(key);
    const busy = this.#busy.get(key) ?? 0;
    if (busy < limit) {
      this.#busy.set(key, busy + 1);
      return end;
    }
    const mine = Promise.withResolvers<boolean>();
    const call = () => mine.resolve(true);
    const queue = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, queue.add(call));
    const timer = new AbortController();
    void this.#clock.sleep(ms, timer.signal).then(
      () => mine.resolve(false),
      () => undefined, // the turn came
    );
    const came = await mine.promise;
    timer.abort();
    if (!came) this.#leave(key, call);
    return came ? end : null;
  }

  /** The turn goes to the next one, or nobody has it. */
  #end(key: string): void {
    const [next] = this.#waiting.get(key) ?? [];
    if (next) {
      this.#leave(key, next);
      next();
      return;
    }
    const busy = (this.#busy.get(key) ?? 1) - 1;
    if (busy > 0) this.#busy.set(key, busy);
    else this.#busy.delete(key);
  }

  #leave(key: string, call: () => void): void {
    const queue = this.#waiting.get(key);
    queue?.delete(call);
    if (queue?.size === 0) this.#waiting.delete(key);
  }
}
