import { HubError, type Logger } from '../plugin/index.ts';
import { routeKey } from './route-key.ts';
import type { RouteSource, RouteToHave } from './route-source.ts';

/**
 * Routes from the configuration, put back at every reconciliation (P402, P406). A missing final slash is added
 * with a warning.
 *
 * @throws HubError HUB_CONFIG_INVALID naming every wrong spec and target.
 */
export function extraRoutes(
  routes: Readonly<Record<string, string>>,
  { hostRouting, log }: { readonly hostRouting: boolean; readonly log: Logger },
): RouteSource {
  const problems: string[] = [];
  const wanted = Object.entries(routes).map(([name, target]): RouteToHave => {
    if (hostRouting && name.startsWith('/'))
      problems.push(`${name}: must begin with a host name, not with a slash`);
    if (!hostRouting && !name.startsWith('/')) problems.push(`${name}: must begin with a slash`);
    if (!isWebAddress(target)) problems.push(`${name}: ${target} is not an http(s) address with a host`);
    if (!name.endsWith('/'))
      log.warn({ route: name }, 'an extra route should end with a slash; it was added');
    const spec = name.endsWith('/') ? name : `${name}/`;
    return { state: 'wanted', spec, target, data: { extra: true } };
  });
  if (problems.length > 0) {
    throw new HubError('HUB_CONFIG_INVALID', `extra routes: ${problems.join('; ')}`, { problems });
  }
  const byKey = new Map(wanted.map((route) => [routeKey(route.spec), route]));
  return {
    name: 'extra routes',
    routes: async () => wanted,
    confirm: async (spec) => byKey.get(routeKey(spec)) ?? null,
  };
}

function isWebAddress(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.hostname !== '';
}
