import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '@hub/core/plugin';

/** Real time that can be held up for one hub, as a machine that sleeps or swaps would. */
export interface FreezableClock extends Clock {
  /** From now on nothing that this hub waits for becomes due: it renews no lease and begins nothing. */
  freeze(): void;
  thaw(): void;
}

export function freezableClock(): FreezableClock {
  let frozen: PromiseWithResolvers<void> | null = null;
  const awake = async () => {
    while (frozen) await frozen.promise;
  };
  const sleep: Clock['sleep'] = async (ms, signal) => {
    await delay(ms, undefined, signal ? { signal } : {}).catch((error: unknown) => {
      throw signal?.aborted ? signal.reason : error;
    });
    await awake();
  };
  return {
    now: () => new Date(),
    monotonic: () => performance.now(),
    sleep,
    every(ms, run) {
      const end = new AbortController();
      const rounds = async () => {
        for (;;) {
          await sleep(ms, end.signal);
          if (end.signal.aborted) return;
          await run();
        }
      };
      rounds().catch((error: unknown) => {
        if (!end.signal.aborted) throw error;
      });
      return () => end.abort(new Error('no more rounds'));
    },
    freeze: () => {
      frozen ??= Promise.withResolvers<void>();
    },
    thaw: () => {
      frozen?.resolve();
      frozen = null;
    },
  };
}
