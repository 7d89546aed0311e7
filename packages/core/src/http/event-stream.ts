import type { Clock } from '../plugin/index.ts';

/** How events are written. */
export interface EventStreamOptions {
  readonly clock: Clock;
  /** R86: blank lines at once and every 8 s while the stream waits; off for one that has its last event already. */
  readonly keepAlive: boolean;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}

/** Headers of an event stream (R86). `x-accel-buffering` keeps nginx from holding events back. */
export const eventStreamHeaders = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache',
  'x-accel-buffering': 'no',
} as const;

const keepAliveMs = 8_000;

/**
 * Writes events as `text/event-stream` (R86): one line of JSON each, nothing else. It asks for the next event only
 * when the last one was taken, so a slow reader slows the source down; it ends after the source's last event, and
 * tells the source to stop when the client goes.
 */
export async function* encodeEvents(
  events: AsyncIterable<object>,
  { clock, keepAlive, signal }: EventStreamOptions,
): AsyncGenerator<string, void, undefined> {
  if (keepAlive) yield '\n\n';
  const source = events[Symbol.asyncIterator]();
  let ended = false;
  try {
    while (!signal.aborted) {
      const next = source.next();
      // Its rejection is seen where it is awaited, unless the client went first: then nobody wants it.
      next.catch(() => {});
      let result = await orSilence(next, clock, keepAlive, signal);
      while (result === 'silence') {
        yield '\n\n';
        result = await orSilence(next, clock, keepAlive, signal);
      }
      if (result === 'gone') return;
      if (result.done) {
        ended = true;
        return;
      }
      yield `data: ${JSON.stringify(result.value)}\n\n`;
    }
  } catch (error) {
    ended = true; // a source that threw is over
    throw error;
  } finally {
    // Not awaited: a source in the middle of waiting answers only when that is over.
    if (!ended) source.return?.().catch(() => {});
  }
}

/** The next event, `silence` after 8 s without one, or `gone` when the client is. */
async function orSilence<T>(
  next: Promise<T>,
  clock: Clock,
  keepAlive: boolean,
  signal: AbortSignal,
): Promise<T | 'silence' | 'gone'> {
  const settled = new AbortController();
  const stop = AbortSignal.any([signal, settled.signal]);
  const wait = keepAlive ? clock.sleep(keepAliveMs, stop) : waitFor(stop);
  try {
    return await Promise.race([
      next,
      wait.then(
        () => (signal.aborted ? ('gone' as const) : ('silence' as const)),
        () => 'gone' as const,
      ),
    ]);
  } finally {
    settled.abort();
  }
}

function waitFor(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
