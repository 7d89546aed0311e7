import type { Clock, Logger } from '../plugin/index.ts';
import type { Reconciled, RouteSettings } from './routes.ts';

/** What the watch works with. */
export interface RouteWatchDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  readonly isHolder: () => boolean;
  readonly onHolderChange: (listener: () => void) => () => void;
  readonly settings: RouteSettings;
  readonly reconcile: () => Promise<Reconciled>;
  /** `Proxy.watch` of those that have it. */
  readonly resets: readonly ((onReset: () => void) => () => void)[];
  /** Ids of proxies without the hub's own route. */
  lost(signal: AbortSignal): Promise<readonly string[]>;
}

/** Asks for a reconciliation when one is due, and again until it succeeds. */
export interface RouteWatch {
  open(): void;
  close(): Promise<void>;
}

const longestWait = 30_000;

/**
 * A reconciliation is due: when this hub gets the duty; when a proxy says it lost its routes; when the hub's own
 * route is missing; when the long interval is over; soon after one that met a change under way or failed.
 */
export function createRouteWatch(dependencies: RouteWatchDependencies): RouteWatch {
  const { clock, log, isHolder, settings, reconcile, resets } = dependencies;
  const closing = new AbortController();
  const ends: (() => void)[] = [];
  let held = false;
  let last = Number.NEGATIVE_INFINITY;
  let doubtful = false;
  /** The repair under way; `again` tells it that it was asked for once more. */
  let repair: Promise<void> | null = null;
  let again = false;
  let wake: AbortController | null = null;
  let failure = '';

  function demand(): void {
    if (closing.signal.aborted) return;
    again = true;
    wake?.abort();
    repair ??= untilDone().finally(() => {
      repair = null;
      if (again && isHolder()) demand(); // asked for just as the last one ended
    });
  }

  async function untilDone(): Promise<void> {
    let wait = 1000;
    while (again && isHolder() && !closing.signal.aborted) {
      again = false;
      try {
        doubtful = (await reconcile()).doubtful.length > 0;
        last = clock.monotonic();
        if (failure) log.info({}, 'routes are right again');
        failure = '';
        wait = 1000;
      } catch (error) {
        again = true;
        if (!closing.signal.aborted) tellOnce(error, 'routes could not be put right; trying again');
        await pause(wait);
        wait = Math.min(wait * 2, longestWait);
      }
    }
  }

  /** Waits, or less when something new is known: a proxy that has just come back needs its routes now. */
  async function pause(ms: number): Promise<void> {
    wake = new AbortController();
    await clock.sleep(ms, AbortSignal.any([wake.signal, closing.signal])).catch(() => undefined);
    wake = null;
  }

  function tellOnce(error: unknown, message: string): void {
    const text = error instanceof Error ? error.message : String(error);
    if (text === failure) return;
    failure = text;
    log.warn({ err: error }, message);
  }

  async function check(): Promise<void> {
    if (!isHolder()) {
      held = false;
      return;
    }
    const due = clock.monotonic() - last >= settings.reconcileEvery * 1000;
    if (!held || due || doubtful) {
      held = true;
      doubtful = false;
      return demand();
    }
    if (repair) return;
    try {
      const lost = await dependencies.lost(closing.signal);
      if (lost.length === 0) return;
      log.warn({ proxies: lost }, 'the route of the hub is missing; all routes are put back');
      demand();
    } catch (error) {
      if (closing.signal.aborted) return;
      tellOnce(error, 'the proxy could not be asked for its routes');
      demand();
    }
  }

  return {
    open() {
      for (const reset of resets) {
        ends.push(
          reset(() => {
            if (isHolder()) demand();
          }),
        );
      }
      // At once: until then the hub's own route may lead to one that is gone.
      ends.push(dependencies.onHolderChange(() => void check()));
      ends.push(clock.every(settings.checkEvery * 1000, check));
      void check();
    },
    async close() {
      for (const end of ends.splice(0)) end();
      closing.abort();
      await repair;
    },
  };
}
