import type { Clock } from '@hub/core/plugin';

/** A clock that stands still until a test moves it. */
export interface FakeClock extends Clock {
  /** Goes ahead and runs what becomes due, in order, each with the time it was due at. */
  advance(seconds: number): Promise<void>;
}

interface Alarm {
  readonly at: number;
  readonly ring: () => void;
}

/**
 * Makes a clock for unit tests. It is for code that waits by its `Clock` alone: a whole hub also waits for a
 * database and for sockets, which go by real time.
 *
 * @example
 * const clock = fakeClock('2026-01-01T00:00:00Z');
 * const nap = clock.sleep(5_000);
 * await clock.advance(5);
 * await nap;
 */
export function fakeClock(start = '2026-01-01T00:00:00Z'): FakeClock {
  const began = Date.parse(start);
  const alarms = new Set<Alarm>();
  let passed = 0;

  const sleep: Clock['sleep'] = (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const abort = () => {
        alarms.delete(alarm);
        reject(signal?.reason);
      };
      const ring = () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      };
      const alarm: Alarm = { at: passed + Math.max(0, ms), ring };
      alarms.add(alarm);
      signal?.addEventListener('abort', abort, { once: true });
    });

  return {
    now: () => new Date(began + passed),
    monotonic: () => passed,
    sleep,
    every(ms, run) {
      const end = new AbortController();
      void (async () => {
        while (!end.signal.aborted) {
          await sleep(ms, end.signal);
          await run();
        }
      })().catch(() => undefined); // ended
      return () => end.abort();
    },
    async advance(seconds) {
      const until = passed + seconds * 1000;
      for (;;) {
        const [next] = [...alarms].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
        if (!next) break;
        alarms.delete(next);
        passed = Math.max(passed, next.at);
        next.ring();
        await turns();
      }
      passed = until;
      await turns();
    },
  };
}

/** Lets what was waiting run until it waits for something else. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
