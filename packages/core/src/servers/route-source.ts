import { serverPrefix, serverTlsName, tlsRouteData } from '../kernel/index.ts';
import type { RouteSource, Routes, WantedRoute } from '../routing/index.ts';
import type { ServerRepository, ServerRoutes } from './ports.ts';
import { launchKey, type Phase } from './server.ts';

interface Routed {
  readonly id: number;
  readonly attempt: number;
  readonly userName: string;
  readonly name: string;
  readonly phase: Phase;
  readonly target: string | null;
}

/** Where routes lead, and whether by internal TLS. */
export interface ServerRouteSettings {
  readonly baseUrl: string;
  readonly tls: boolean;
}

/** The routes of servers, for the reconciliation (P413): ready ones must be there, busy ones are left alone. */
export function serverRouteSource(servers: ServerRepository, settings: ServerRouteSettings): RouteSource {
  return {
    name: 'servers',
    async routes() {
      return (await servers.routed()).flatMap((server) => wanted(settings, server) ?? []);
    },
    async confirm(spec) {
      const names = namesIn(settings.baseUrl, spec);
      const server = names ? await servers.byNames(names.user, names.server) : null;
      return server ? wanted(settings, server) : null;
    },
  };
}

/** How servers change their own routes: the hub that makes one ready, and the one that stops it. */
export function serverRoutes(routes: Routes, settings: ServerRouteSettings): ServerRoutes {
  return {
    add: (server, target, signal) => routes.add(route(settings, server, target), signal),
    remove: (server, signal) =>
      routes.remove(serverPrefix(settings.baseUrl, server.userName, server.name), signal),
  };
}

function wanted(settings: ServerRouteSettings, server: Routed): WantedRoute | null {
  const spec = serverPrefix(settings.baseUrl, server.userName, server.name);
  if (server.phase === 'starting' || server.phase === 'stopping') return { state: 'leave-alone', spec };
  if (server.phase !== 'ready' || server.target === null) return null;
  return { state: 'wanted', ...route(settings, server, server.target) };
}

function route(
  { baseUrl, tls }: ServerRouteSettings,
  server: Omit<Routed, 'phase' | 'target'>,
  target: string,
) {
  const name = serverTlsName(launchKey(server));
  return {
    spec: serverPrefix(baseUrl, server.userName, server.name),
    target,
    data: { user: server.userName, server_name: server.name, ...tlsRouteData(tls, target, name) },
  };
}

/** `/user/ada/gpu/` → ada, gpu; null for what is no server's route. */
function namesIn(baseUrl: string, spec: string): { readonly user: string; readonly server: string } | null {
  const prefix = `${baseUrl}user/`;
  if (!spec.startsWith(prefix)) return null;
  const [user = '', server = '', ...more] = spec.slice(prefix.length).replace(/\/$/, '').split('/');
  if (user === '' || more.length > 0) return null;
  try {
    const names = { user: decodeURIComponent(user), server: decodeURIComponent(server) };
    return serverPrefix(baseUrl, names.user, names.server) === spec ? names : null;
  } catch {
    return null; // not written by a hub
  }
}
