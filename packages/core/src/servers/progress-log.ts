import { type Changes, storableText } from '../kernel/index.ts';
import type { Clock, ProgressEvent } from '../plugin/index.ts';
import type { ServerRepository } from './ports.ts';
import type { ServerRecord } from './server.ts';

const mostEvents = 500;
const mostBytes = 16_384;
const flushMs = 100;

/**
 * Writes what a launch has to tell, in batches of up to ten a second, as long as the launch is still the
 * server's current one. At most 500 events of 16 kB each are kept.
 */
export class ProgressLog {
  readonly #servers: ServerRepository;
  readonly #changes: Changes;
  readonly #clock: Clock;
  readonly #server: ServerRecord;
  #next: number;
  #waiting: ProgressEvent[] = [];
  #flushing: Promise<void> | null = null;
  #lost = false;

  constructor(
    deps: { servers: ServerRepository; changes: Changes; clock: Clock },
    server: ServerRecord,
    firstSeq: number,
  ) {
    this.#servers = deps.servers;
    this.#changes = deps.changes;
    this.#clock = deps.clock;
    this.#server = server;
    this.#next = firstSeq;
  }

  add(event: ProgressEvent): void {
    if (this.#lost || this.#next + this.#waiting.length >= mostEvents) return;
    const { ready: _ready, failed: _failed, ...told } = event; // these two are the hub's to say (R88)
    const text = JSON.stringify(told);
    if (Buffer.byteLength(text) > mostBytes) return;
    // A copy, as it is now: what could not be stored would be tried again for as long as the start takes.
    this.#waiting.push(
      JSON.parse(text, (_, value) => (typeof value === 'string' ? storableText(value) : value)),
    );
    this.#flushing ??= this.#flush();
  }

  /** Resolves when everything told so far is stored, or `signal` is aborted. */
  async settle(signal: AbortSignal): Promise<void> {
    while (this.#flushing && !signal.aborted) await this.#flushing;
  }

  async #flush(): Promise<void> {
    // All launches write in the same moment, so that one statement does for all.
    await this.#clock.sleep(flushMs - (this.#clock.monotonic() % flushMs));
    const events = this.#waiting;
    this.#waiting = [];
    const { id, fence, attempt } = this.#server;
    try {
      const kept = await this.#servers.appendEvents({ id, fence, attempt }, this.#next, events);
      if (!kept) this.#lost = true;
      this.#next += events.length;
      if (kept) this.#changes.publish('progress', String(id));
    } catch {
      // Progress is a courtesy: a database that is away for a moment must not fail the start it tells of.
      this.#waiting = [...events, ...this.#waiting].slice(0, mostEvents);
    }
    this.#flushing = this.#waiting.length > 0 && !this.#lost ? this.#flush() : null;
  }
}
