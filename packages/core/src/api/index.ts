import type { HttpServer } from '../http/index.ts';
import type { ApiDeps } from './context.ts';
import { rootRoutes } from './root-routes.ts';
import { serverRoutes } from './server-routes.ts';
import { tokenRoutes } from './token-routes.ts';
import { userRoutes } from './user-routes.ts';

export type { ApiDeps, HubFacts } from './context.ts';
export { type MetricsText, metricsRoutes } from './metrics-routes.ts';
export * from './models.ts';

/** Registers the REST API. */
export function apiRoutes(http: Pick<HttpServer, 'api' | 'hub'>, deps: ApiDeps): void {
  rootRoutes(http, deps);
  userRoutes(http, deps);
  serverRoutes(http, deps);
  tokenRoutes(http, deps);
}
