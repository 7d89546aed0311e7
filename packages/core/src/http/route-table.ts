import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { HubError } from '../plugin/index.ts';
import { empty } from './answer.ts';
import type { Method, Mount, RegisteredRoute, RouteDefinition, Routes } from './route.ts';

/** Answers one request by its route. */
export type AnswerRoute = (
  route: RegisteredRoute,
  request: FastifyRequest,
  reply: FastifyReply,
) => Promise<FastifyReply>;

const methods: readonly Method[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Keeps the hub's routes and registers them with Fastify. */
export function createRouteTable(
  app: FastifyInstance,
  { basePath, hubPath }: { readonly basePath: string; readonly hubPath: string },
  answer: AnswerRoute,
) {
  const routes: RegisteredRoute[] = [];
  const prefixes: Record<Mount, string> = {
    api: `${hubPath}api`,
    hub: hubPath.slice(0, -1),
    base: basePath.slice(0, -1),
  };
  const mounts: Record<Mount, Routes> = { api: at('api'), hub: at('hub'), base: at('base') };

  return { routes, mounts, complete };

  function at(mount: Mount): Routes {
    return {
      route(method, path, definition) {
        for (const one of [method].flat()) {
          // A handler is called with what its own schemas let pass; the list cannot name every type.
          const general = definition as unknown as RouteDefinition<string, unknown, unknown>;
          const url = `${prefixes[mount]}${path}`;
          const route: RegisteredRoute = {
            method: one,
            url,
            mount,
            surface: mount === 'api' ? 'api' : 'page',
            definition: general,
          };
          routes.push(route);
          register(route);
        }
      },
    };
  }

  function register(route: RegisteredRoute): void {
    const { body, query, bodyOptional, bodyLimit } = route.definition;
    const nullable = (schema: unknown) => (bodyOptional ? { anyOf: [schema, { type: 'null' }] } : schema);
    app.route({
      method: route.method,
      url: route.url,
      config: { hubRoute: route },
      schema: {
        ...(query !== undefined && { querystring: query }),
        ...(body !== undefined && { body: nullable(body) }),
      },
      ...(bodyLimit !== undefined && { bodyLimit }),
      handler: (request, reply) => answer(route, request, reply),
    });
  }

  /**
   * R3: a known path answers every method. OPTIONS of the API is 200, any other unknown method 405; on pages the
   * XSRF check comes first (W9, W40).
   */
  function complete(): void {
    for (const { url, mount, surface, definition } of [...routes]) {
      for (const method of methods) {
        if (app.findRoute({ url, method }) !== null) continue;
        const isOptions = surface === 'api' && method === 'OPTIONS';
        register({
          method,
          url,
          mount,
          surface,
          definition: {
            identity: surface === 'api' ? 'unasked' : 'anyone',
            reads: surface === 'api' ? 'bytes' : 'form',
            ...(definition.mayBeEmpty && { mayBeEmpty: definition.mayBeEmpty }),
            handle: () => {
              if (isOptions) return empty(200);
              throw new HubError('HUB_METHOD_NOT_ALLOWED', '');
            },
          },
        });
      }
    }
  }
}
