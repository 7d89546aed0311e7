import type { FastifyRequest } from 'fastify';
import { clientOrigin, type ForwardedSettings } from './forwarded.ts';
import { createRequestState, type RequestState, type StateDeps } from './request-state.ts';
import type { RegisteredRoute } from './route.ts';

declare module 'fastify' {
  interface FastifyRequest {
    hub: RequestState | null;
  }
  interface FastifyContextConfig {
    hubRoute?: RegisteredRoute;
  }
}

/** What arriving requests are read with. */
export interface ArrivalDeps extends StateDeps {
  readonly forwarded: ForwardedSettings;
  readonly hubPath: string;
}

/** Answers with the state of a request, made when it is first asked for. */
export function arrivals(deps: ArrivalDeps): (request: FastifyRequest) => RequestState {
  return (request) => {
    request.hub ??= arrive(request, deps);
    return request.hub;
  };
}

/** The hub's route of a request; none for what no route knows, or what failed before it was routed. */
export function routeOf(request: FastifyRequest): RegisteredRoute | undefined {
  return request.routeOptions.config?.hubRoute;
}

function arrive(request: FastifyRequest, deps: ArrivalDeps): RequestState {
  const { socket, url = '/' } = request.raw;
  const headers = { ...request.headers };
  const connection = { remoteAddress: socket.remoteAddress ?? '', encrypted: 'encrypted' in socket, headers };
  return createRequestState(
    {
      method: request.method,
      url,
      headers: Object.fromEntries(
        Object.entries(headers).map(([name, value]) => [
          name,
          Array.isArray(value) ? value.join(', ') : value,
        ]),
      ),
      origin: clientOrigin(connection, deps.forwarded),
      surface: routeOf(request)?.surface ?? (isInApi(url, deps.hubPath) ? 'api' : 'page'),
    },
    deps,
  );
}

function isInApi(url: string, hubPath: string): boolean {
  const [path = ''] = url.split('?', 1);
  return path === `${hubPath}api` || path.startsWith(`${hubPath}api/`);
}
