import type { JsonObject } from '../plugin/index.ts';

/** A route that must exist exactly so. */
export interface RouteToHave {
  readonly state: 'wanted';
  readonly spec: string;
  readonly target: string;
  readonly data: JsonObject;
}

/** Its owner is busy with it (a server that starts or stops): the route, if any, stays as it is (P413). */
export interface RouteToLeave {
  readonly state: 'leave-alone';
  readonly spec: string;
}

/** What a source says about one route. */
export type WantedRoute = RouteToHave | RouteToLeave;

/** One route read again; `null`: this source knows nothing of it. */
export type RouteState = WantedRoute | null;

/**
 * Names routes: servers, services, the hub itself, extra routes from the configuration. When two sources name
 * the same route, the one listed first decides.
 */
export interface RouteSource {
  /** For messages. */
  readonly name: string;
  /** Everything it wants now. A throw ends the reconciliation: nothing is ever deleted on half the truth. */
  routes(signal: AbortSignal): Promise<readonly WantedRoute[]>;
  /** Reads one route anew, before it is deleted or replaced. */
  confirm(spec: string, signal: AbortSignal): Promise<RouteState>;
}
