import * as differ from './deliberate.ts';
import { type Method, pairOfHubs } from './support/pair.ts';
import { callers } from './support/people.ts';

/** Every path of section 3, with what it is about filled in. */
const paths = [
  '',
  '/',
  '/info',
  '/user',
  '/users',
  '/users/alice',
  '/users/alice/activity',
  '/users/alice/server',
  '/users/alice/servers/one',
  '/users/alice/servers/',
  '/users/alice/server/progress',
  '/users/alice/servers/one/progress',
  '/users/alice/tokens',
  '/users/alice/tokens/a1',
  '/users/alice/admin-access',
  '/users/alice/shared',
  '/users/alice/shared/bob/one',
  '/groups',
  '/groups/g1',
  '/groups/g1/users',
  '/groups/g1/properties',
  '/groups/g1/shared',
  '/groups/g1/shared/bob/one',
  '/services',
  '/services/web',
  '/shares/alice',
  '/shares/alice/one',
  '/share-codes/alice',
  '/share-codes/alice/one',
  '/proxy',
  '/shutdown',
  '/authorizations/token/x',
  '/authorizations/token',
  '/authorizations/cookie/x',
  '/authorizations/cookie/x/y',
];

pairOfHubs('Root', (test) => {
  test('version, info, metrics, health (R43, R44, R48)', async (pair) => {
    for (const caller of callers)
      for (const path of ['', '/', '/info', '/health']) await pair.api(caller, 'GET', path);
    for (const caller of callers) await pair.api(caller, 'GET', '/metrics', { but: differ.metrics });
    for (const caller of callers) await pair.ask(caller, 'GET', '/hub/metrics', { only: 'status' });
    for (const method of ['GET', 'HEAD'] as const)
      for (const path of ['/hub/health', '/hub/api/health']) await pair.ask(null, method, path);
  });

  test('HEAD and OPTIONS of every path (R3)', async (pair) => {
    for (const path of paths)
      for (const method of ['HEAD', 'OPTIONS'] as const)
        for (const caller of [null, 'admin']) await pair.api(caller, method, path);
  });

  test('methods nobody answers (R3)', async (pair) => {
    const methods: readonly Method[] = ['PUT', 'PATCH'];
    for (const path of ['', '/info', '/user', '/users', '/services', '/services/web', '/groups'])
      for (const method of methods)
        for (const caller of [null, 'admin']) await pair.api(caller, method, path);
    for (const path of ['/shares/alice', '/share-codes/alice'])
      for (const method of ['POST', 'PATCH', 'DELETE'] as const) {
        await pair.api('admin', method, path);
        const guarded = !(method === 'PATCH' && path === '/share-codes/alice');
        await pair.api(null, method, path, guarded ? { but: differ.methodFirst } : {});
      }
    for (const path of ['', '/info', '/user', '/groups/g1/properties', '/users/alice/activity', '/shutdown'])
      for (const caller of [null, 'admin']) await pair.api(caller, 'DELETE', path);
    for (const path of ['/info', '/user', '/proxy/x', '/users/alice/shared', '/groups/g1/properties'])
      for (const caller of [null, 'admin']) await pair.api(caller, 'POST', path);
    for (const path of [
      '/groups/g1/users',
      '/users/alice/activity',
      '/shutdown',
      '/users/alice/admin-access',
    ])
      for (const caller of [null, 'admin']) await pair.api(caller, 'GET', path);
  });

  test('paths nobody knows (R1, R2)', async (pair) => {
    for (const path of [
      '/nope',
      '/users/',
      '/user/',
      '//users',
      '/users//alice',
      '/users/alice/',
      '/users/alice/server/',
      '/groups/',
      '/roles',
      '/scopes',
      '/shares',
      '/token',
      '/oauth2',
      '/services/web/',
      '/info/',
      '/USERS',
    ])
      for (const method of ['GET', 'POST', 'DELETE'] as const)
        for (const caller of [null, 'admin']) await pair.api(caller, method, path);
    for (const headers of [{ origin: 'https://evil.example' }, { accept: 'text/html' }])
      await pair.api(null, 'POST', '/nope', { headers });
  });

  test('shutting down: bodies that are none (R49)', async (pair) => {
    for (const caller of [null, 'alice', 'svc-none']) await pair.api(caller, 'POST', '/shutdown');
    for (const body of ['{', { proxy: 'x' }, { servers: 'x' }, { proxy: null }])
      await pair.api('admin', 'POST', '/shutdown', { body });
  });
});
