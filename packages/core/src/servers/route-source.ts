import { serverPrefix } from '../kernel/index.ts';
import type { RouteSource, Routes, WantedRoute } from '../routing/index.ts';
import type { ServerRepository, ServerRoutes } from './ports.ts';
import type { Phase } from './server.ts';

interface Routed {
  readonly userName: string;
  readonly name: string;
  readonly phase: Phase;
  readonly target: string | null;
}

/** The routes of servers, for the reconciliation (P413): ready ones must be there, busy ones are left alone. */
export function serverRouteSource(servers: ServerRepository, baseUrl: string): RouteSource {
  return {
    name: 'servers',
    async routes() {
      return (await servers.routed()).flatMap((server) => wanted(baseUrl, server) ?? []);
    },
    async confirm(spec) {
      const names = namesIn(baseUrl, spec);
      const server = names ? await servers.byNames(names.user, names.server) : null;
      return server ? wanted(baseUrl, server) : null;
    },
  };
}

/** How servers change their own routes: the hub that makes one ready, and the one that stops it. */
export function serverRoutes(routes: Routes, baseUrl: string): ServerRoutes {
  return {
    add: (server, target, signal) => routes.add(route(baseUrl, server, target), signal),
    remove: (server, signal) => routes.remove(serverPrefix(baseUrl, server.userName, server.name), signal),
  };
}

function wanted(baseUrl: string, server: Routed): WantedRoute | null {
  const spec = serverPrefix(baseUrl, server.userName, server.name);
  if (server.phase === 'starting' || server.phase === 'stopping') return { state: 'leave-alone', spec };
  if (server.phase !== 'ready' || server.target === null) return null;
  return { state: 'wanted', ...route(baseUrl, server, server.target) };
}

function route(
  baseUrl: string,
  server: { readonly userName: string; readonly name: string },
  target: string,
) {
  return {
    spec: serverPrefix(baseUrl, server.userName, server.name),
    target,
    data: { user: server.userName, server_name: server.name },
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
