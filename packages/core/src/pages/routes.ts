import type { HttpServer } from '../http/index.ts';
import { assetRoutes } from './assets.ts';
import { AuthenticatorAddresses } from './authenticator-addresses.ts';
import { authenticatorRoutes } from './authenticator-routes.ts';
import { cspReportRoutes } from './csp-report.ts';
import type { PageDeps } from './deps.ts';
import { errorRoutes } from './error-pages.ts';
import { homeRoutes } from './home.ts';
import { loginRoutes } from './login.ts';
import { logoutRoutes } from './logout.ts';
import { redirectRoutes } from './redirects.ts';
import { spawnRoutes } from './spawn.ts';
import { spawnPendingRoutes } from './spawn-pending.ts';
import { stoppedServerRoutes } from './stopped-server.ts';
import { tokenPageRoutes } from './token-page.ts';

/**
 * Registers everything people open in a browser, and the routes of authenticators: after all others of the hub,
 * so that none of theirs takes one's place. `otherwise` and `renderError` go to the server itself.
 */
export function pageRoutes(
  http: Pick<HttpServer, 'hub' | 'base' | 'routes' | 'cookies'>,
  deps: PageDeps,
): void {
  const { hub } = http;
  const addresses = new AuthenticatorAddresses(deps.places);
  redirectRoutes(hub, deps);
  loginRoutes(hub, { ...deps, addresses });
  logoutRoutes(hub, deps);
  homeRoutes(hub, deps);
  spawnRoutes(hub, deps);
  spawnPendingRoutes(hub, deps);
  stoppedServerRoutes(hub, deps);
  tokenPageRoutes(hub, deps);
  errorRoutes(hub, deps);
  assetRoutes(http, deps);
  cspReportRoutes(hub, deps);
  authenticatorRoutes(http, { ...deps, addresses });
}
