import type { ProxyRoute } from '../plugin/index.ts';

/** One thing done to a proxy, for metrics (P7xx: add, delete, poll and check durations). */
export interface RouteEvent {
  readonly kind: 'add' | 'delete' | 'read' | 'reconcile';
  /** Id of the proxy; `''` for `reconcile`, which is about all of them. */
  readonly proxy: string;
  readonly milliseconds: number;
  readonly ok: boolean;
}

/** Who wants to know what happens to routes. A throw is logged and touches nothing else. */
export interface RouteObserver {
  /** After each call to a proxy. */
  done?(event: RouteEvent): void;
  /** A proxy's whole table, each time it was read; `data.last_activity` may be in it (P405, P633). */
  table?(proxy: string, table: ReadonlyMap<string, ProxyRoute>): void;
}
