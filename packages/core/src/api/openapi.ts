import { type Answers, type HttpServer, json, type RegisteredRoute, statusPhrase } from '../http/index.ts';
import type { JsonObject, JsonValue, OptionSchema } from '../plugin/index.ts';
import { ref } from './schemas/common.ts';
import { answers, models } from './schemas/index.ts';

/** Serves the description of the API, to anybody: it tells what this program can do, nothing of this hub. */
export function openapiRoute({ api, routes }: Pick<HttpServer, 'api' | 'routes'>, version: string): void {
  let document: JsonObject | undefined;
  api.route('GET', '/openapi.json', {
    summary: 'Description of this API as OpenAPI 3.1',
    tags: ['hub'],
    answers: answers({ 200: 'ApiDescription' }),
    identity: 'unasked',
    handle() {
      document ??= openapi(routes, version); // asked for when every route is there
      return json(document);
    },
  });
}

/** The OpenAPI 3.1 document of the routes below `{H}api`, made of the schemas that check requests and answers. */
export function openapi(routes: readonly RegisteredRoute[], version: string): JsonObject {
  const paths: Record<string, Record<string, JsonValue>> = {};
  for (const route of routes) {
    if (route.mount !== 'api') continue;
    const path = route.url.replaceAll(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    jsonSchemaDialect: 'https://json-schema.org/draft/2020-12/schema',
    info: { title: 'Hub REST API', version, license: { name: 'BSD-3-Clause', identifier: 'BSD-3-Clause' } },
    paths,
    components: { schemas: models, securitySchemes },
  };
}

const securitySchemes = {
  token: {
    type: 'apiKey',
    in: 'header',
    name: 'Authorization',
    description: '`token <secret>` or `bearer <secret>` (R7).',
  },
  login: {
    type: 'apiKey',
    in: 'cookie',
    name: 'jupyterhub-hub-login',
    description: 'Set by the login page (R9).',
  },
  xsrf: {
    type: 'apiKey',
    in: 'header',
    name: 'X-XSRFToken',
    description: 'Value of the cookie `_xsrf` (R23–R28).',
  },
} as const;

function operation(route: RegisteredRoute): JsonObject {
  const { summary = '', tags = [], scope } = route.definition;
  const body = requestBody(route);
  return {
    operationId: operationId(route),
    summary,
    tags,
    ...(scope && { description: `Needs any one of: ${scope.anyOf.join(', ')}.`, 'x-scopes': scope.anyOf }),
    security: security(route),
    parameters: [...pathParameters(route), ...queryParameters(route)],
    ...(body && { requestBody: body }),
    responses: responses(route),
  };
}

/** Such as `getUsersByNameServer`; the root with and without its slash are two paths. */
function operationId({ method, url }: RegisteredRoute): string {
  const path = url.slice(url.indexOf('/api') + '/api'.length);
  const words = path.split(/[/.-]/).filter(Boolean);
  const named = words.map((word) => (word.startsWith(':') ? `By${capital(word.slice(1))}` : capital(word)));
  return `${method.toLowerCase()}${named.join('') || (path === '' ? 'Root' : 'RootSlash')}`;
}

function capital(word: string): string {
  return `${word.charAt(0).toUpperCase()}${word.slice(1)}`;
}

/** One of the two ways to say who asks; nobody has to where anybody may. */
function security({ definition }: RegisteredRoute): readonly JsonObject[] {
  const { identity } = definition;
  if (identity === 'unasked') return [];
  const either = [{ token: [] }, { login: [], xsrf: [] }];
  return identity === 'anyone' ? [...either, {}] : either;
}

function pathParameters({ url, definition }: RegisteredRoute): readonly JsonObject[] {
  return [...url.matchAll(/:(\w+)/g)].map(([, name = '']) => {
    const minLength = definition.mayBeEmpty?.includes(name) ? 0 : 1;
    return { name, in: 'path', required: true, schema: { type: 'string', minLength } };
  });
}

function queryParameters({ definition }: RegisteredRoute): readonly JsonObject[] {
  const query = (definition.query ?? definition.accepts?.query) as OptionSchema | undefined; // what RegisteredRoute forgets
  const required = new Set(query?.required);
  return Object.entries(query?.properties ?? {}).map(([name, { description, ...schema }]) => ({
    name,
    in: 'query',
    required: required.has(name),
    ...(description !== undefined && { description }),
    schema: plain(schema),
  }));
}

function requestBody({ definition }: RegisteredRoute): JsonObject | null {
  const schema = (definition.body ?? definition.accepts?.body) as OptionSchema | undefined;
  if (!schema) return null;
  // What is not read as JSON is the form of OAuth.
  const type = definition.reads === 'bytes' ? 'application/x-www-form-urlencoded' : 'application/json';
  return { required: definition.bodyOptional !== true, content: { [type]: { schema: plain(schema) } } };
}

/** What the route says, and what may happen to any request (R10, R14, R24, R128). */
function responses({ method, url, definition }: RegisteredRoute): JsonObject {
  const { identity, answers: own = {} } = definition;
  const reads = !['GET', 'HEAD'].includes(method);
  const always = [
    400,
    ...(identity === 'unasked' ? [] : [403, 503]),
    ...(reads ? [413] : []),
    ...(url.includes(':') ? [404, 414] : []),
  ];
  const all: Answers = { ...answers({}, ...always), ...own };
  return Object.fromEntries(Object.entries(all).map(([status, body]) => [status, response(status, body)]));
}

function response(status: string, body: Answers[number]): JsonObject {
  const description = status === '4XX' ? 'As the plugin refuses' : statusPhrase(Number(status));
  if (body === null) return { description };
  if (typeof body === 'string')
    return { description, content: { 'application/json': { schema: ref(body) } } };
  const { type, model } = body;
  const schema = {
    type: 'string',
    ...(model !== undefined && { contentMediaType: 'application/json', contentSchema: ref(model) }),
  };
  return { description, content: { [type]: { schema } } };
}

/** A literal schema as the JSON it is. */
function plain(schema: OptionSchema): JsonValue {
  return JSON.parse(JSON.stringify(schema));
}
