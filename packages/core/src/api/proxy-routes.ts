import { anyOf, empty, type HttpServer, json, pageBody, readPage } from '../http/index.ts';
import { HubError, type JsonValue, type ProxyRoute } from '../plugin/index.ts';
import { checkKeys, isObject } from './body.ts';
import type { ApiDeps } from './context.ts';
import { answers, pageQuery, proxyBody } from './schemas/index.ts';

/** The proxy's table: read it, put it right, drive another proxy (section 4.9). */
export function proxyRoutes({ api }: Pick<HttpServer, 'api'>, deps: ApiDeps): void {
  const scope = anyOf('proxy');

  api.route('GET', '/proxy', {
    summary: "Read the proxy's routes",
    tags: ['proxy'],
    answers: answers({ 200: 'ProxyTable' }),
    accepts: { query: pageQuery },
    scope,
    async handle(context) {
      const page = readPage(context.query, context.headers.accept, deps.pageLimits);
      const table = await deps.routes.table(context.signal);
      const routes = [...table.values()].sort((a, b) => (a.spec < b.spec ? -1 : 1));
      const shown = routes.slice(page.offset, page.offset + page.limit);
      const items = Object.fromEntries(shown.map((route) => [route.spec, routeModel(route)]));
      return json(pageBody(items, routes.length, page, new URL(context.url, context.origin)));
    },
  });

  api.route('POST', '/proxy', {
    summary: "Put the proxy's routes right",
    tags: ['proxy'],
    answers: answers({ 200: null }),
    scope,
    async handle() {
      await deps.routeCheck.check();
      return empty(200, 'application/json');
    },
  });

  // For the life of this hub; others that share the database drive theirs until they are told as well.
  api.route('PATCH', '/proxy', {
    summary: 'Drive another proxy',
    tags: ['proxy'],
    answers: answers({ 200: null }),
    accepts: { body: proxyBody },
    scope,
    async handle({ body, signal }) {
      const to = newPlace(body);
      const [proxy] = deps.proxies.filter(({ repoint }) => repoint !== undefined);
      if (!proxy?.repoint) throw new HubError('HUB_BAD_REQUEST', 'The proxy cannot be changed at run time');
      await proxy.repoint(to, signal);
      await deps.routeCheck.check();
      return empty(200, 'application/json');
    },
  });
}

function routeModel({ spec, target, data }: ProxyRoute): JsonValue {
  return { routespec: spec, target, data };
}

function newPlace(body: JsonValue | undefined): {
  readonly apiUrl?: string;
  readonly authToken?: string;
} {
  if (body === undefined || body === null) throw new HubError('HUB_BAD_REQUEST', 'need JSON body');
  if (!isObject(body)) throw new HubError('HUB_BAD_REQUEST', 'Request body must be JSON dict');
  checkKeys(body, proxyBody);
  const { api_url: apiUrl, auth_token: authToken } = body;
  if (typeof apiUrl === 'string' && !/^https?:$/.test(URL.parse(apiUrl)?.protocol ?? '')) {
    throw new HubError('HUB_BAD_REQUEST', 'api_url must be an http or https URL');
  }
  return {
    ...(typeof apiUrl === 'string' && { apiUrl }),
    ...(typeof authToken === 'string' && { authToken }),
  };
}
