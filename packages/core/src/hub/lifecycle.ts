import type { Awaitable, Lifecycle, Logger, StopMode } from '../plugin/index.ts';

/** What one part registered. */
interface Part {
  readonly name: string;
  readonly starts: ((signal: AbortSignal) => Awaitable<void>)[];
  readonly stops: ((mode: StopMode) => Awaitable<void>)[];
}

/**
 * The life of a hub's parts: started in the order they were made, stopped in reverse. A start that fails stops
 * what had started; errors of stops are collected, none keeps another from running.
 */
export class LifecycleRunner {
  readonly #parts: Part[] = [];
  readonly #log: Logger;
  #reached = -1;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Where a part named `name` registers. */
  part(name: string): Lifecycle {
    const part: Part = { name, starts: [], stops: [] };
    this.#parts.push(part);
    return {
      onStart: (run) => void part.starts.push(run),
      onStop: (run) => void part.stops.push(run),
    };
  }

  async start(signal: AbortSignal): Promise<void> {
    for (const [index, part] of this.#parts.entries()) {
      this.#reached = index;
      for (const run of part.starts) {
        signal.throwIfAborted();
        await run(signal);
      }
    }
  }

  /** Stops all that had begun to start; returns what went wrong. */
  async stop(mode: StopMode): Promise<readonly Error[]> {
    const errors: Error[] = [];
    for (let index = this.#reached; index >= 0; index--) {
      const part = this.#parts[index];
      for (const run of (part?.stops ?? []).toReversed()) {
        try {
          await run(mode);
        } catch (error) {
          this.#log.error({ part: part?.name, err: error }, 'a part did not stop cleanly');
          errors.push(error instanceof Error ? error : new Error(String(error)));
        }
      }
    }
    this.#reached = -1;
    return errors;
  }
}
