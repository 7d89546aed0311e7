import type { HttpServer } from '../http/index.ts';
import { authorizationRoutes } from './authorization-routes.ts';
import type { ApiDeps } from './context.ts';
import { groupRoutes } from './group-routes.ts';
import { loginRoutes } from './login-routes.ts';
import { openapiRoute } from './openapi.ts';
import { proxyRoutes } from './proxy-routes.ts';
import { receivedShareRoutes } from './received-share-routes.ts';
import { rootRoutes } from './root-routes.ts';
import { serverRoutes } from './server-routes.ts';
import { serviceRoutes } from './service-routes.ts';
import { shareCodeRoutes } from './share-code-routes.ts';
import { shareRoutes } from './share-routes.ts';
import { tokenRoutes } from './token-routes.ts';
import { userRoutes } from './user-routes.ts';

export type { ApiDeps, HubFacts } from './context.ts';
export { type MetricsText, metricsRoutes } from './metrics-routes.ts';
export * from './models.ts';
export { openapi } from './openapi.ts';

/** Registers the REST API. */
export function apiRoutes(http: Pick<HttpServer, 'api' | 'hub' | 'cookies' | 'routes'>, deps: ApiDeps): void {
  rootRoutes(http, deps);
  userRoutes(http, deps);
  serverRoutes(http, deps);
  tokenRoutes(http, deps);
  loginRoutes(http, deps);
  serviceRoutes(http, deps);
  groupRoutes(http, deps);
  shareRoutes(http, deps);
  receivedShareRoutes(http, deps);
  shareCodeRoutes(http, deps);
  proxyRoutes(http, deps);
  authorizationRoutes(http, deps);
  openapiRoute(http, deps.info.version);
}
