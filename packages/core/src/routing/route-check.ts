import type { Changes, Ids } from '../kernel/index.ts';
import { type Clock, HubError, isHubError, type Logger, token } from '../plugin/index.ts';
import type { Routes } from './routes.ts';

/** How long another hub may take to put the routes right, in seconds. */
const patience = 10;

/** Puts the routes right now, whichever hub it is whose duty they are (R112). */
export interface RouteCheck {
  /**
   * Resolves when the routes are right.
   * @throws HubError 503 when the proxy cannot be brought to it, or no hub has answered in time.
   */
  check(): Promise<void>;
  /** Begins to do it for other hubs. */
  open(): void;
  close(): void;
}
export const RouteCheck = token<RouteCheck>('RouteCheck');

/** What {@link createRouteCheck} works with. */
export interface RouteCheckDeps {
  readonly routes: Pick<Routes, 'reconcile'>;
  readonly changes: Changes;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
}

/**
 * Hubs ask each other over the feed: `check <id>` is answered by whoever holds the duty, with `done <id>` or
 * `failed <id>`.
 */
export function createRouteCheck({ routes, changes, clock, ids, log }: RouteCheckDeps): RouteCheck {
  let end: (() => void) | null = null;

  async function answer(id: string): Promise<void> {
    const outcome = await routes.reconcile().then(
      ({ holder }) => (holder ? 'done' : null),
      (error: unknown) => {
        log.warn({ err: error }, 'routes could not be put right as another hub asked');
        return 'failed';
      },
    );
    if (outcome) changes.publish('routes', `${outcome} ${id}`);
  }

  async function askOthers(): Promise<void> {
    const id = ids.uuid();
    const waiting = new AbortController();
    const { promise, resolve } = Promise.withResolvers<boolean | null>();
    const stop = changes.subscribe('routes', (message) => {
      if (message === `done ${id}`) resolve(true);
      if (message === `failed ${id}`) resolve(false);
    });
    try {
      changes.publish('routes', `check ${id}`);
      const late = clock.sleep(patience * 1000, waiting.signal).then(
        () => null,
        () => null,
      );
      const right = await Promise.race([promise, late]);
      if (right === true) return;
      const why = right === null ? 'no hub has answered' : 'see the log of the hub whose duty they are';
      throw new HubError('HUB_PROXY_UNAVAILABLE', `The routes could not be put right: ${why}.`, {
        headers: { 'Retry-After': '5' },
        expose: true,
      });
    } finally {
      stop();
      waiting.abort();
    }
  }

  return {
    async check() {
      const { holder } = await routes.reconcile();
      if (!holder) await askOthers();
    },
    open() {
      end ??= changes.subscribe('routes', (message) => {
        const id = /^check (\S+)$/.exec(message)?.[1];
        if (id === undefined) return;
        answer(id).catch((error: unknown) => {
          const quiet = isHubError(error) && error.code === 'HUB_DATABASE_UNAVAILABLE';
          log[quiet ? 'debug' : 'error'](
            { err: error },
            'another hub could not be answered about the routes',
          );
        });
      });
    },
    close() {
      end?.();
      end = null;
    },
  };
}
