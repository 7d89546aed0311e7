import type { Proxy as HubProxy } from '@hub/core/plugin';

/** A running proxy, as the suite uses it. */
export interface ProxyUnderTest {
  readonly proxy: HubProxy;
  /** Origin of its public side, such as `http://127.0.0.1:8000`; plain http. */
  readonly publicUrl: string;
  /** Makes a route that no hub made, by the proxy's own means (`supports.foreignRoutes`). */
  addForeignRoute?(path: string, target: string): Promise<void>;
  /** Called after each case. A proxy that is kept for the next case may stay as it is: cases clear up. */
  close(): Promise<void>;
}

/** What a proxy can do; what it cannot shows as skipped. */
export interface ProxySupport {
  /** `addForeignRoute` is there (true). */
  readonly foreignRoutes?: boolean;
  /** A target that is down is answered with 503, as CHP does; else any 5xx is right (true). */
  readonly status503?: boolean;
  /** A request without a route is answered with 404 (true). */
  readonly status404?: boolean;
  /** Routes come back with `last_activity` (P405). */
  readonly activity?: boolean;
}

/** The caller's `it`: of vitest, `node:test`, mocha or jasmine. */
export interface TestFunction {
  (name: string, run: () => Promise<void>): unknown;
  skip?(name: string, run: () => Promise<void>): unknown;
}

/** One promise of a proxy. */
export interface ProxyCase {
  readonly name: string;
  /** Needs this ability. */
  readonly needs?: keyof ProxySupport;
  run(context: CaseContext): Promise<void>;
}

/** What a case works with. */
export interface CaseContext {
  readonly proxy: HubProxy;
  readonly publicUrl: string;
  readonly supports: Required<ProxySupport>;
  /** A prefix no other case uses: `/conformance-…/`. */
  readonly base: string;
  addForeignRoute(path: string, target: string): Promise<void>;
  /** A server that tells what reached it; stopped after the case. */
  target(name?: string): Promise<TestTarget>;
  /** Adds a route that is deleted after the case. */
  add(spec: string, target: string): Promise<void>;
}

/** A server behind the proxy. */
export interface TestTarget {
  readonly origin: string;
  readonly name: string;
  stop(): Promise<void>;
}
