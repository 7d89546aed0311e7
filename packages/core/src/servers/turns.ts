import type { Attempts } from './attempts.ts';
import type { ServersContext } from './context.ts';
import { takeTurns } from './queue.ts';

/** Milliseconds. */
const gatherMs = 20;

/** Launches what its turn in the queue has come for, one look at a time. */
export class Turns {
  readonly #context: ServersContext;
  readonly #attempts: Attempts;
  readonly #closing: AbortSignal;
  #looking: Promise<void> | null = null;
  #again = false;

  constructor(context: ServersContext, attempts: Attempts, closing: AbortSignal) {
    this.#context = context;
    this.#attempts = attempts;
    this.#closing = closing;
  }

  /** Looks at the queue. Calls that arrive meanwhile make it look once more. */
  async look(): Promise<void> {
    this.#again = true;
    this.#looking ??= this.#untilNobodyAsks();
    await this.#looking;
  }

  /** Resolves when no look is under way. */
  async settled(): Promise<void> {
    await this.#looking;
  }

  async #untilNobodyAsks(): Promise<void> {
    while (this.#again && !this.#closing.aborted) {
      await this.#context.clock.sleep(gatherMs); // who asks in the same moment is served by the same look
      this.#again = false;
      try {
        for (const server of await takeTurns(this.#context)) this.#attempts.begin(server);
      } catch (error) {
        this.#context.log.warn({ err: error }, 'the queue could not be looked at, it is tried again');
      }
    }
    this.#looking = null;
  }
}
