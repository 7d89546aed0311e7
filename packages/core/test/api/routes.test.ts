import { beforeAll, describe, expect, it } from 'vitest';
import { type RegisteredRoute, saysWhoMay } from '../../src/http/index.ts';
import { apiRouteTable } from '../support/api-route-table.ts';

/** Every endpoint of the index (section 3) and its scopes, in the order a refusal lists them. OAuth is a room of its own. */
const endpoints: Readonly<Record<string, readonly string[] | 'open' | 'any identity' | 'own rule'>> = {
  'GET /': 'open',
  'GET ': 'open',
  'GET /openapi.json': 'open',
  'GET /info': ['read:hub'],
  'GET /user': 'any identity',
  'GET /users': ['list:users'],
  'POST /users': ['admin:users'],
  'GET /users/:u': [
    'read:users',
    'read:users:name',
    'read:servers',
    'read:users:groups',
    'read:users:activity',
    'read:roles:users',
  ],
  'POST /users/:u': ['admin:users'],
  'PATCH /users/:u': ['admin:users'],
  'DELETE /users/:u': ['delete:users'],
  'POST /users/:u/activity': ['users:activity'],
  ...both({
    'GET ': ['read:servers'],
    'PUT ': ['start:servers'],
    'POST ': ['start:servers'],
    'PATCH ': ['start:servers'],
    'DELETE ': ['delete:servers'],
    'GET /log': ['access:servers', 'admin:servers'],
    'GET /progress': ['read:servers'],
  }),
  'GET /users/:u/tokens': ['read:tokens'],
  'POST /users/:u/tokens': 'own rule',
  'GET /users/:u/tokens/:id': ['read:tokens'],
  'DELETE /users/:u/tokens/:id': ['tokens'],
  'GET /users/:u/logins': ['read:tokens'],
  'DELETE /users/:u/logins': ['tokens'],
  'DELETE /users/:u/logins/:id': ['tokens'],
  'POST /users/:u/admin-access': ['servers'],
  'GET /users/:u/shared': ['read:users:shares'],
  'GET /users/:u/shared/:o/:s': ['read:users:shares'],
  'DELETE /users/:u/shared/:o/:s': ['users:shares'],
  'GET /groups': ['list:groups'],
  'POST /groups': ['admin:groups'],
  'GET /groups/:g': ['read:groups', 'read:groups:name', 'read:roles:groups'],
  'POST /groups/:g': ['admin:groups'],
  'DELETE /groups/:g': ['delete:groups'],
  'POST /groups/:g/users': ['groups'],
  'DELETE /groups/:g/users': ['groups'],
  'PUT /groups/:g/properties': ['groups'],
  'GET /groups/:g/shared': ['read:groups:shares'],
  'GET /groups/:g/shared/:o/:s': ['read:groups:shares'],
  'DELETE /groups/:g/shared/:o/:s': ['groups:shares'],
  'GET /services': ['list:services'],
  'GET /services/:n': ['read:services', 'read:services:name', 'read:roles:services'],
  'POST /services/:n': ['admin:services'],
  'DELETE /services/:n': ['admin:services'],
  'GET /shares/:o': ['read:shares'],
  'GET /shares/:o/:s': ['read:shares'],
  'POST /shares/:o/:s': ['shares'],
  'PATCH /shares/:o/:s': ['shares'],
  'DELETE /shares/:o/:s': ['shares'],
  'GET /share-codes/:o': ['read:shares'],
  'GET /share-codes/:o/:s': ['read:shares'],
  'POST /share-codes/:o/:s': ['shares'],
  'DELETE /share-codes/:o/:s': ['shares'],
  'GET /proxy': ['proxy'],
  'POST /proxy': ['proxy'],
  'PATCH /proxy': ['proxy'],
  'POST /shutdown': ['shutdown'],
  'GET /authorizations/token/:t': 'any identity',
  'POST /authorizations/token': 'open',
  'POST /authorizations/token/:t': 'open',
  'GET /authorizations/cookie/:c': 'any identity',
  'GET /authorizations/cookie/:c/:v': 'any identity',
  'GET /health': 'open',
  'HEAD /health': 'open',
  'GET /metrics': ['read:metrics'],
};

describe('the route table of the REST API', () => {
  let routes: readonly RegisteredRoute[];
  beforeAll(async () => {
    const http = await apiRouteTable();
    routes = http.routes.filter(({ mount }) => mount === 'api');
  });

  it('says for each route who may use it', () => {
    expect(routes.filter((route) => !saysWhoMay(route))).toEqual([]);
  });

  it('holds exactly the endpoints of section 3, each with the scopes named there', () => {
    const found = Object.fromEntries(routes.map((route) => [keyOf(route), ruleOf(route)]));
    const wanted = Object.fromEntries(
      Object.entries(endpoints).map(([key, rule]) => [key.replaceAll(/:\w+/g, ':_'), rule]),
    );
    expect(found).toEqual(wanted);
  });

  it('names the entity of every endpoint that is about one (R125)', () => {
    const open = ['/info', '/users', '/groups', '/services', '/proxy', '/shutdown', '/metrics'];
    const missing = routes
      .filter(({ definition }) => definition.scope && typeof definition.on !== 'function')
      .map(({ url }) => url.replace('/hub/api', ''))
      .filter((url) => !open.includes(url));
    expect(missing).toEqual([]);
  });
});

function keyOf({ method, url }: RegisteredRoute): string {
  return `${method} ${url.replace('/hub/api', '').replaceAll(/:\w+/g, ':_')}`;
}

function ruleOf({ definition }: RegisteredRoute): readonly string[] | string {
  if (definition.scope) return definition.scope.anyOf;
  if (definition.identity === 'any') return 'any identity';
  return definition.xsrf === 'deferred' ? 'own rule' : 'open';
}

function both(rules: Readonly<Record<string, readonly string[]>>): Record<string, readonly string[]> {
  const paths = ['/users/:u/server', '/users/:u/servers/:s'];
  return Object.fromEntries(
    paths.flatMap((path) =>
      Object.entries(rules).map(([rule, scopes]) => [rule.replace(' ', ` ${path}`), scopes]),
    ),
  );
}
