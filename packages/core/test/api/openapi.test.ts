import { Validator } from '@seriousme/openapi-schema-validator';
import { beforeAll, describe, expect, it } from 'vitest';
import { createTestHub } from '../../../testing/src/index.ts';
import { openapi } from '../../src/api/index.ts';
import { models } from '../../src/api/schemas/index.ts';
import type { RegisteredRoute } from '../../src/http/index.ts';
import { apiRouteTable } from '../support/api-route-table.ts';
import { answerChecker } from '../support/check-answer.ts';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly security: readonly object[];
  readonly responses: Readonly<Record<string, object>>;
  readonly 'x-scopes'?: readonly string[];
}

interface Description {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
}

describe('the description of the REST API', () => {
  let served: Description;
  let text: string;
  let contentType: unknown;
  let routes: readonly RegisteredRoute[];

  beforeAll(async () => {
    await using hub = await createTestHub();
    const answer = await hub.request('GET', '/hub/api/openapi.json');
    contentType = answer.headers['content-type'];
    text = answer.text;
    served = JSON.parse(text);
    routes = (await apiRouteTable()).routes.filter(({ mount }) => mount === 'api');
  });

  it('is served to strangers as JSON (R5)', () => {
    expect(contentType).toBe('application/json');
    expect(served.openapi).toMatch(/^3\.1\./);
  });

  it('is valid OpenAPI 3.1', async () => {
    const { valid, errors } = await new Validator().validate(JSON.parse(text));
    expect({ valid, errors }).toEqual({ valid: true, errors: undefined });
  });

  it('holds every route of the API, and nothing else', () => {
    const described = Object.entries(served.paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`),
    );
    const registered = routes.map(({ method, url }) => `${method} ${url.replaceAll(/:(\w+)/g, '{$1}')}`);
    expect(described.sort()).toEqual([...registered, 'POST /hub/api/oauth2/token'].sort());
  });

  it('has a summary, a tag and answers of its own for each route', () => {
    const lacking = routes.filter(
      ({ definition }) => !definition.summary || !definition.tags?.length || !definition.answers,
    );
    expect(lacking.map(({ method, url }) => `${method} ${url}`)).toEqual([]);
  });

  it('names each operation once', () => {
    const names = operations().map(({ operationId }) => operationId);
    expect(new Set(names).size).toBe(names.length);
  });

  it('speaks of every model, and of none that is missing', () => {
    const named = new Set([...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name));
    expect([...named].sort()).toEqual(Object.keys(models).sort());
  });

  it('lists the scopes any one of which suffices, and the ways to say who asks', () => {
    const read = served.paths['/hub/api/groups/{group}']?.get;
    expect(read?.['x-scopes']).toEqual(['read:groups', 'read:groups:name', 'read:roles:groups']);
    expect(read?.security).toEqual([{ token: [] }, { login: [], xsrf: [] }]);
    expect(served.paths['/hub/api/']?.get?.security).toEqual([]);
  });

  it('follows where the hub is', () => {
    const moved = routes.map((route) => ({ ...route, url: `/lab${route.url}` }));
    expect(Object.keys(openapi(moved, '6.1.1').paths ?? {})).toContain('/lab/hub/api/users/{name}');
  });

  it('is what answers are checked against: status, content type, body', () => {
    const check = answerChecker(served);
    const answer = { method: 'GET', path: '/hub/api/users/ada?x=1', contentType: 'application/json' };
    const user = { kind: 'user', name: 'ada' };
    const tell = (status: number, body: unknown, contentType = answer.contentType) =>
      check({ ...answer, status, contentType, body: JSON.stringify(body) });
    expect(() => tell(200, user)).not.toThrow();
    expect(() => tell(418, user)).toThrow('418 is not documented');
    expect(() => tell(200, user, 'text/html')).toThrow('text/html, which is not documented');
    expect(() => tell(200, { ...user, password: 'x' })).toThrow('must NOT have additional properties');
    expect(() => tell(404, { message: 'gone' })).toThrow("required property 'status'");
    expect(() => check({ ...answer, path: '/hub/api/nothing', status: 200, body: '' })).toThrow(
      'no such operation',
    );
  });

  function operations(): readonly Operation[] {
    return Object.values(served.paths).flatMap((path) => Object.values(path));
  }
});
