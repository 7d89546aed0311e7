import type { Clock } from '../plugin/index.ts';

interface Waiting<T> {
  readonly item: T;
  readonly arrived: number;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * Writes what has gathered in one statement: an item waits at most `waitMs` for the next one, and its promise
 * settles after that statement. One statement at a time.
 */
export class GroupCommit<T> {
  readonly #clock: Clock;
  readonly #waitMs: number;
  readonly #write: (items: readonly T[]) => Promise<void>;
  #waiting: Waiting<T>[] = [];
  #running: Promise<void> | null = null;
  #hurry = new AbortController();

  constructor(deps: { clock: Clock; waitMs?: number; write: (items: readonly T[]) => Promise<void> }) {
    this.#clock = deps.clock;
    this.#waitMs = deps.waitMs ?? 100;
    this.#write = deps.write;
  }

  /** Resolves once the item is committed; rejects when its statement failed. */
  add(item: T): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.#waiting.push({ item, arrived: this.#clock.monotonic(), done });
    this.#running ??= this.#run();
    return done.promise;
  }

  /** Writes what waits now, without further delay, and resolves when nothing waits any more. */
  async drain(): Promise<void> {
    this.#hurry.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    for (let oldest = this.#waiting[0]; oldest; oldest = this.#waiting[0]) {
      await this.#gather(oldest.arrived);
      const batch = this.#waiting;
      this.#waiting = [];
      await this.#write(batch.map(({ item }) => item)).then(
        () => batch.forEach(({ done }) => void done.resolve()),
        (error: unknown) => batch.forEach(({ done }) => void done.reject(error)),
      );
    }
    this.#running = null;
    this.#hurry = new AbortController();
  }

  async #gather(since: number): Promise<void> {
    const rest = this.#waitMs - (this.#clock.monotonic() - since);
    if (rest <= 0 || this.#hurry.signal.aborted) return;
    // Aborted only by drain(): then the batch is written at once.
    await this.#clock.sleep(rest, this.#hurry.signal).catch(() => undefined);
  }
}
