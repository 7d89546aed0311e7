import {
  type Clock,
  HubError,
  type Proxy as HubProxy,
  type JsonObject,
  type Logger,
  type ProxyRoute,
  token,
} from '../plugin/index.ts';
import { coalesce } from './coalesce.ts';
import { fulfils } from './plan-routes.ts';
import { driveProxy } from './proxy-driver.ts';
import { type Pass, type RouteChanges, type RouteFailure, reconcileProxy } from './reconciliation.ts';
import type { RouteObserver } from './route-event.ts';
import { routeKey } from './route-key.ts';
import type { RouteSource } from './route-source.ts';
import { createRouteWatch } from './route-watch.ts';

/** What {@link createRoutes} needs. */
export interface RoutesDependencies {
  /** All proxies by id; every one gets every route. */
  readonly proxies: ReadonlyMap<string, HubProxy>;
  readonly sources: readonly RouteSource[];
  /** The hub's own route: `baseUrl` (or `/`) to this hub's listener or its balancer (P407). */
  readonly hubRoute: () => { readonly spec: string; readonly target: string; readonly data?: JsonObject };
  /** Does this hub hold the duty `routes`, and is its lease fresh? Asked before each write of a reconciliation. */
  readonly isHolder: () => boolean;
  /** Calls `listener` when this hub gets or loses that duty; returns how to end it. */
  readonly onHolderChange?: (listener: () => void) => () => void;
  readonly clock: Clock;
  readonly log: Logger;
  readonly observe?: RouteObserver;
  readonly settings?: Partial<RouteSettings>;
}

/** Times in seconds. */
export interface RouteSettings {
  /** Between looks whether the hub's own route is there (5). */
  readonly checkEvery: number;
  /** Between full reconciliations (300, P417). */
  readonly reconcileEvery: number;
  /** One call to a proxy, its own retries included (40). */
  readonly callTimeout: number;
  /** Writes to one proxy at a time during a reconciliation (10). */
  readonly parallel: number;
}

const defaults: RouteSettings = { checkEvery: 5, reconcileEvery: 300, callTimeout: 40, parallel: 10 };

/** What a reconciliation did, over all proxies. */
export interface Reconciled extends Omit<RouteChanges, 'failures'> {
  /** `false`: another hub holds the duty, nothing was done. */
  readonly holder: boolean;
}

/** Keeps every proxy equal to the routes its sources name. */
export interface Routes {
  /** Adds or replaces in all proxies; resolves when requests go there. Any hub may, whoever holds the duty. */
  add(route: ProxyRoute, signal?: AbortSignal): Promise<void>;
  /** Removes from all proxies; a missing route is no error. */
  remove(spec: string, signal?: AbortSignal): Promise<void>;
  /**
   * Compares and repairs, if this hub holds the duty. One at a time; calls meanwhile share the next one (P411).
   * Rejects with `HUB_PROXY_UNAVAILABLE` after everything was tried when something could not be done (P416).
   */
  reconcile(): Promise<Reconciled>;
  /** Every proxy's table in one, as it is now (R112). */
  table(signal?: AbortSignal): Promise<ReadonlyMap<string, ProxyRoute>>;
  /** Begins the watch: reconciles now if this hub holds the duty, or as soon as it does. */
  open(): void;
  /** Ends the watch and what is under way. */
  close(): Promise<void>;
}
export const Routes = token<Routes>('Routes');

/** Makes the service; nothing happens before `open` or a call. */
export function createRoutes(dependencies: RoutesDependencies): Routes {
  const { proxies, sources, isHolder, clock, log, observe = {} } = dependencies;
  const settings = { ...defaults, ...dependencies.settings };
  const drivers = [...proxies].map(([id, proxy]) =>
    driveProxy(id, proxy, { clock, log, observe, callTimeout: settings.callTimeout }),
  );
  const closing = new AbortController();
  const during = (signal?: AbortSignal) =>
    signal ? AbortSignal.any([signal, closing.signal]) : closing.signal;
  const hubRoute = () => {
    const { spec, target, data } = dependencies.hubRoute();
    return { state: 'wanted' as const, spec, target, data: { hub: true, ...data } };
  };

  /** Routes this hub is changing now, and those it changed since the running pass began. */
  const busy = new Map<string, number>();
  const touched = new Set<string>();
  let doubts: ReadonlySet<string> = new Set();

  async function onAll(
    spec: string,
    work: (driver: (typeof drivers)[number]) => Promise<void>,
  ): Promise<void> {
    const key = routeKey(spec);
    busy.set(key, (busy.get(key) ?? 0) + 1);
    touched.add(key);
    try {
      const outcomes = await Promise.allSettled(drivers.map(work));
      const failed = outcomes.find((outcome) => outcome.status === 'rejected');
      if (failed) throw failed.reason;
    } finally {
      const left = (busy.get(key) ?? 1) - 1;
      if (left > 0) busy.set(key, left);
      else busy.delete(key);
    }
  }

  const reconcile = coalesce(async (): Promise<Reconciled> => {
    const all: Reconciled = { holder: isHolder(), added: [], replaced: [], removed: [], doubtful: [] };
    if (!all.holder) return all;
    const since = clock.monotonic();
    touched.clear();
    for (const key of busy.keys()) touched.add(key);
    const pass: Pass = {
      sources,
      hubRoute: hubRoute(),
      mayWrite: isHolder,
      wasTouched: (key) => touched.has(key),
      doubts,
      parallel: settings.parallel,
      signal: closing.signal,
    };
    const failures: RouteFailure[] = [];
    await Promise.all(
      drivers.map(async (driver) => {
        try {
          const changes = await reconcileProxy(driver, pass);
          for (const list of ['added', 'replaced', 'removed', 'doubtful'] as const)
            all[list].push(...changes[list]);
          failures.push(...changes.failures);
          tellChanges(log, driver.id, changes);
        } catch (error) {
          failures.push({ subject: driver.id, error });
        }
      }),
    );
    try {
      observe.done?.({
        kind: 'reconcile',
        proxy: '',
        milliseconds: clock.monotonic() - since,
        ok: !failures[0],
      });
    } catch (error) {
      log.error({ err: error }, 'an observer of routes failed');
    }
    closing.signal.throwIfAborted();
    doubts = new Set(all.doubtful.map(routeKey));
    if (failures.length > 0) throw notAllDone(failures);
    return all;
  });

  const watch = createRouteWatch({
    clock,
    log,
    isHolder,
    onHolderChange: dependencies.onHolderChange ?? (() => () => undefined),
    settings,
    reconcile,
    resets: drivers.map(({ proxy }) => proxy.watch?.bind(proxy)).filter((one) => one !== undefined),
    async lost(signal) {
      const wanted = hubRoute();
      const seen = await Promise.all(
        drivers.map(async (driver) => {
          const route = await driver.one(wanted.spec, signal);
          return route && fulfils(route, wanted) ? [] : [driver.id];
        }),
      );
      return seen.flat();
    },
  });

  return {
    add: (route, signal) => onAll(route.spec, (driver) => driver.add(route, during(signal))),
    remove: (spec, signal) => onAll(spec, (driver) => driver.remove(spec, during(signal))),
    reconcile,
    async table(signal) {
      const tables = await Promise.all(drivers.map((driver) => driver.table(during(signal))));
      return new Map(tables.flatMap((one) => [...one]));
    },
    open: () => watch.open(),
    async close() {
      closing.abort(new HubError('HUB_UNAVAILABLE', 'the hub is stopping'));
      await watch.close();
    },
  };
}

/** One line a pass, not one a route: after a restart of the proxy there are thousands. */
function tellChanges(log: Logger, proxy: string, { added, replaced, removed }: RouteChanges): void {
  const count = added.length + replaced.length + removed.length;
  if (count === 0) return;
  const some = (list: readonly string[]) => ({ count: list.length, first: list.slice(0, 10) });
  // Routes that were missing are what a start or a restarted proxy looks like; the rest nobody expects.
  const level = replaced.length + removed.length === 0 ? 'info' : 'warn';
  log[level](
    { proxy, added: some(added), replaced: some(replaced), removed: some(removed) },
    'the proxy differed from what is wanted and was put right',
  );
}

function notAllDone(failures: readonly RouteFailure[]): HubError {
  const problems = failures.map(
    ({ subject, error }) => `${subject}: ${error instanceof Error ? error.message : String(error)}`,
  );
  const [first] = failures;
  return new HubError('HUB_PROXY_UNAVAILABLE', `routes could not be put right: ${problems[0]}`, {
    cause: first?.error,
    problems: problems.slice(0, 20),
    hint: 'The hub tries again by itself; see the log of the proxy.',
  });
}
