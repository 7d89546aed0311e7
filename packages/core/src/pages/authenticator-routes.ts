import type { ScopeName, ScopeTable } from '../access/index.ts';
import type { AuthenticatorInstance } from '../accounts/index.ts';
import { anyOf, type HttpServer, type RouteDefinition, type WhoMay } from '../http/index.ts';
import { HubError, type PluginRouter } from '../plugin/index.ts';
import type { LoginDeps } from './login-page.ts';
import { answerOf } from './plugin-answer.ts';

/** A route as an authenticator asked for it. */
export interface DeclaredRoute {
  readonly id: string;
  readonly method: Parameters<PluginRouter['route']>[0];
  readonly path: string;
  readonly options: Parameters<PluginRouter['route']>[2];
  readonly handle: Parameters<PluginRouter['route']>[3];
}

/**
 * Asks every authenticator for its routes. Nothing is registered yet.
 *
 * @throws HubError `HUB_CONFIG_INVALID` for routes that cannot be, naming the plugin and the path.
 */
export function declaredRoutes(
  authenticators: readonly AuthenticatorInstance[],
  table: ScopeTable,
): readonly DeclaredRoute[] {
  const problems: string[] = [];
  const declared = authenticators.flatMap((instance) => routesOf(instance, table, problems));
  if (problems.length === 0) return declared;
  throw new HubError('HUB_CONFIG_INVALID', 'Routes of authenticators cannot be registered.', { problems });
}

/**
 * Registers the routes of every authenticator below `{H}auth/<id>`; those of the first that has any also below `H`
 * (W26a). A path whose first part is the hub's own keeps its long address alone. To be called when all routes of
 * the hub are registered.
 *
 * @throws HubError as {@link declaredRoutes}.
 */
export function authenticatorRoutes(
  http: Pick<HttpServer, 'hub' | 'routes' | 'cookies'>,
  deps: LoginDeps,
): void {
  const { table, addresses, log, places } = deps;
  const declared = declaredRoutes(deps.authenticators, table);
  const taken = new Set(['auth', ...http.routes.map(({ url }) => firstPart(url, places.hubPrefix))]);
  const first = declared[0]?.id;

  for (const route of declared) {
    const { id, method, path, options } = route;
    const definition: RouteDefinition<string, undefined, undefined> = {
      summary: `${path} of the authenticator ${id}`,
      ...whoMay(options.scope, table),
      ...(options.xsrf === false && { xsrf: false }),
      handle: (context) => answerOf(route, context, deps, http.cookies),
    };
    http.hub.route(method, `/auth/${id}${path}`, definition);
    if (id !== first || path === '/') continue;
    if (taken.has(firstPart(path, '/'))) {
      const address = addresses.pathOf(id, path);
      log.warn({ authenticator: id, path, address }, 'route of an authenticator has only its long address');
      continue;
    }
    http.hub.route(method, path, definition);
    addresses.shorten(id, path);
  }
}

/** What a plugin declares, checked; problems are added to the list. */
function routesOf(
  { id, authenticator }: AuthenticatorInstance,
  table: ScopeTable,
  problems: string[],
): readonly DeclaredRoute[] {
  const routes: DeclaredRoute[] = [];
  let open = true;
  const route: PluginRouter['route'] = (method, path, options, handle) => {
    if (!open)
      throw new HubError('HUB_PLUGIN_FAILED', `Authenticator ${id} declares ${path} after the start.`);
    const problem = problemOf({ id, method, path, options, handle }, routes, table);
    if (problem === null) routes.push({ id, method, path, options, handle });
    else problems.push(`${id}: route ${method} ${path} ${problem}`);
  };
  try {
    authenticator.routes?.({ route });
  } catch (error) {
    problems.push(`${id}: routes failed: ${error instanceof Error ? error.message : String(error)}`);
  }
  open = false;
  return routes;
}

function problemOf(
  { method, path, options }: DeclaredRoute,
  known: readonly DeclaredRoute[],
  table: ScopeTable,
): string | null {
  if (!/^\/(?:[A-Za-z0-9_~-][A-Za-z0-9._~-]*(?:\/(?!$)|$))*$/.test(path)) {
    return 'has a path that is none: write a slash and plain words, such as `/callback`.';
  }
  if (known.some((one) => one.method === method && one.path === path)) return 'is declared twice.';
  const scope: unknown = options?.scope;
  if (typeof scope === 'string' && (scope === 'anyone' || scope === 'user' || table.has(scope))) return null;
  return `says nobody who may use it: give it a scope, 'user', or 'anyone'.`;
}

function whoMay(scope: string, table: ScopeTable): WhoMay<string> {
  if (scope === 'anyone' || scope === 'user') return { identity: scope };
  if (isScope(scope, table)) return { scope: anyOf(scope) };
  throw new HubError('HUB_INTERNAL', `There is no scope ${scope}.`);
}

function isScope(name: string, table: ScopeTable): name is ScopeName {
  return table.has(name);
}

/** `/hub/spawn/:name` → `spawn`; what lies elsewhere has none. */
function firstPart(url: string, prefix: string): string {
  return url.startsWith(prefix) ? (url.slice(prefix.length).split('/', 1)[0] ?? '') : '';
}
