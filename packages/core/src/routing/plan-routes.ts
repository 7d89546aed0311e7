import { isDeepStrictEqual } from 'node:util';
import type { ProxyRoute } from '../plugin/index.ts';
import { routeKey } from './route-key.ts';
import type { RouteToHave, WantedRoute } from './route-source.ts';

/** What to do so that a proxy's table becomes what its sources want. */
export interface RoutePlan {
  /** Wanted and not there. */
  readonly add: readonly RouteToHave[];
  /** There, with another target or other data. */
  readonly replace: readonly RouteToHave[];
  /** There and wanted by nobody: specs as the proxy writes them. */
  readonly remove: readonly string[];
}

/**
 * Compares a proxy's table (only routes a hub made) with what is wanted. Pure. Routes to leave alone are in no
 * list, whatever the table says; of two wishes for one route the first counts (P412–P415).
 */
export function planRoutes(
  table: ReadonlyMap<string, ProxyRoute>,
  wanted: readonly WantedRoute[],
): RoutePlan {
  const wishes = new Map<string, WantedRoute>();
  for (const wish of wanted) {
    const key = routeKey(wish.spec);
    if (!wishes.has(key)) wishes.set(key, wish);
  }

  const there = new Map<string, ProxyRoute>();
  const remove: string[] = [];
  for (const route of table.values()) {
    const key = routeKey(route.spec);
    there.set(key, route);
    if (!wishes.has(key)) remove.push(route.spec);
  }

  const add: RouteToHave[] = [];
  const replace: RouteToHave[] = [];
  for (const [key, wish] of wishes) {
    if (wish.state === 'leave-alone') continue;
    const route = there.get(key);
    if (!route) add.push(wish);
    else if (!fulfils(route, wish)) replace.push(wish);
  }
  return { add, replace, remove };
}

/** Does `route` do what `wish` asks? A proxy may add keys to the data, such as `last_activity` (P405). */
export function fulfils(route: ProxyRoute, wish: RouteToHave): boolean {
  return (
    origin(route.target) === origin(wish.target) &&
    Object.entries(wish.data).every(([key, value]) => isDeepStrictEqual(route.data[key], value))
  );
}

function origin(target: string): string {
  return target.replace(/\/+$/, '');
}
