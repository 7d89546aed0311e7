import type { Clock } from '../plugin/index.ts';

/** The reason a signal carries when a time limit passed. */
export class DeadlineError extends Error {
  readonly seconds: number;
  constructor(what: string, seconds: number) {
    super(`${what} took longer than ${seconds} s`);
    this.name = 'DeadlineError';
    this.seconds = seconds;
  }
}

/**
 * Runs `work` with a signal that is aborted after `seconds` or when `outer` is. Rejects at that moment even if
 * `work` ignores its signal: `onOverdue` then hears of it and `work`'s late outcome is dropped.
 */
export async function withDeadline<T>(
  clock: Clock,
  what: string,
  seconds: number,
  outer: AbortSignal | null,
  work: (signal: AbortSignal) => Promise<T>,
  onOverdue?: () => void,
): Promise<T> {
  const controller = new AbortController();
  const timer = new AbortController();
  const stop = () => controller.abort(outer?.reason);
  if (outer?.aborted) stop();
  outer?.addEventListener('abort', stop, { once: true });
  void clock.sleep(seconds * 1000, timer.signal).then(
    () => controller.abort(new DeadlineError(what, seconds)),
    () => undefined, // the work was done in time and ended the timer
  );
  const aborted = new Promise<never>((_, reject) => {
    const refuse = () => reject(controller.signal.reason);
    if (controller.signal.aborted) refuse();
    else controller.signal.addEventListener('abort', refuse, { once: true });
  });
  let settled = false;
  const running = work(controller.signal).finally(() => {
    settled = true;
  });
  try {
    return await Promise.race([running, aborted]);
  } catch (error) {
    if (controller.signal.aborted && !settled) {
      // A plugin that honours its signal settles within the same turns; only one that does not is overdue.
      running.catch(() => undefined);
      setImmediate(() => {
        if (!settled) onOverdue?.();
      });
    }
    throw error;
  } finally {
    timer.abort();
    outer?.removeEventListener('abort', stop);
    aborted.catch(() => undefined);
  }
}
