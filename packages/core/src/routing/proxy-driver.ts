import { withDeadline } from '../kernel/index.ts';
import type { Clock, Proxy as HubProxy, Logger, ProxyRoute } from '../plugin/index.ts';
import type { RouteEvent, RouteObserver } from './route-event.ts';
import { routeKey } from './route-key.ts';

/** What every call to a proxy needs. */
export interface DriverDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  readonly observe: RouteObserver;
  /** Seconds one call to a proxy may take, its own retries included. */
  readonly callTimeout: number;
}

/** One proxy, each call with a time limit and measured. */
export interface ProxyDriver {
  readonly id: string;
  readonly proxy: HubProxy;
  add(route: ProxyRoute, signal: AbortSignal): Promise<void>;
  remove(spec: string, signal: AbortSignal): Promise<void>;
  table(signal: AbortSignal): Promise<ReadonlyMap<string, ProxyRoute>>;
  /** One route, by the cheapest way the proxy has. */
  one(spec: string, signal: AbortSignal): Promise<ProxyRoute | null>;
}

/** Wraps a proxy for the use of this room. */
export function driveProxy(id: string, proxy: HubProxy, dependencies: DriverDependencies): ProxyDriver {
  const { clock, log, observe, callTimeout } = dependencies;

  const tell = (report: () => void) => {
    try {
      report();
    } catch (error) {
      log.error({ err: error, proxy: id }, 'an observer of routes failed');
    }
  };

  const measured = async <T>(
    kind: RouteEvent['kind'],
    outer: AbortSignal,
    call: (signal: AbortSignal) => Promise<T>,
  ): Promise<T> => {
    const since = clock.monotonic();
    let ok = false;
    try {
      const result = await withDeadline(clock, `the proxy ${id}`, callTimeout, outer, call, () =>
        log.warn({ proxy: id, kind }, 'the proxy ignores its time limit'),
      );
      ok = true;
      return result;
    } finally {
      tell(() => observe.done?.({ kind, proxy: id, milliseconds: clock.monotonic() - since, ok }));
    }
  };

  const table = async (outer: AbortSignal) => {
    const routes = await measured('read', outer, (signal) => proxy.routes(signal));
    tell(() => observe.table?.(id, routes));
    return routes;
  };

  return {
    id,
    proxy,
    add: (route, outer) => measured('add', outer, (signal) => proxy.addRoute(route, signal)),
    remove: (spec, outer) => measured('delete', outer, (signal) => proxy.deleteRoute(spec, signal)),
    table,
    async one(spec, outer) {
      const { getRoute } = proxy;
      if (getRoute) return measured('read', outer, (signal) => getRoute.call(proxy, spec, signal));
      const key = routeKey(spec);
      return (await table(outer)).values().find((route) => routeKey(route.spec) === key) ?? null;
    },
  };
}
