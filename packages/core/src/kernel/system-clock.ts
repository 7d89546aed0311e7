import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../plugin/index.ts';

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    await delay(ms, undefined, signal ? { signal } : {}).catch((error: unknown) => {
      throw signal?.aborted ? signal.reason : error;
    });
  },
  every(ms, run) {
    let timer: NodeJS.Timeout | undefined;
    let ended = false;
    const next = () => {
      if (ended) return;
      timer = setTimeout(async () => {
        await run();
        next();
      }, ms);
    };
    next();
    return () => {
      ended = true;
      clearTimeout(timer);
    };
  },
};
