import type { JsonObject } from './json.ts';
import { token } from './token.ts';

/** A route: requests below `spec` go to `target`, path unchanged. */
export interface ProxyRoute {
  /** `/path/` or `host/path/`, always with a slash at the end, percent-encoded as in URLs (P403). */
  readonly spec: string;
  /** An origin without path (P404). */
  readonly target: string;
  /** Comes back unchanged; `last_activity` may be added (P405). */
  readonly data: JsonObject;
}

/** What a proxy can do beyond the required. */
export interface ProxyCapabilities {
  /** Routes come back with `last_activity`. */
  readonly activity: boolean;
  readonly hostRouting: boolean;
  readonly unixTargets: boolean;
}

/**
 * Routes the public address to hub, servers and services (P401–P441). It routes websockets without being told,
 * takes the longest matching prefix by whole path segments, and keeps live connections when routes change.
 */
export interface Proxy {
  /** Adds or replaces; resolves when requests are routed that way. */
  addRoute(route: ProxyRoute, signal?: AbortSignal): Promise<void>;
  /** Removes; a missing route is no error. */
  deleteRoute(spec: string, signal?: AbortSignal): Promise<void>;
  /** All routes a hub made, never foreign ones. */
  routes(signal?: AbortSignal): Promise<ReadonlyMap<string, ProxyRoute>>;
  /** Throws when it does not run or does not answer. Restarts are the plugin's own business. */
  checkRunning?(signal?: AbortSignal): Promise<void>;
  /** One route, or `null`: for proxies that answer this cheaper than with the whole table (P404). */
  getRoute?(spec: string, signal?: AbortSignal): Promise<ProxyRoute | null>;
  /**
   * Calls `onReset` whenever the proxy may have lost its routes: it was restarted, replaced, or came back after
   * a silence. Returns a function that ends this. Whoever keeps the table puts all routes back then.
   */
  watch?(onReset: () => void): () => void;
  /** Drives another proxy from now on, for the life of this hub (P418, `PATCH /api/proxy`). */
  repoint?(
    to: { readonly apiUrl?: string; readonly authToken?: string },
    signal?: AbortSignal,
  ): Promise<void>;
  readonly capabilities?: ProxyCapabilities;
}
export const Proxy = token<Proxy>('Proxy');
