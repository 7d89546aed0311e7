import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { definePlugin, Proxy as ProxyToken } from '../../src/plugin/index.ts';
import { type ApiHub, openApiHub } from '../support/api-hub.ts';

let api: ApiHub;
beforeAll(async () => {
  api = await openApiHub();
});
afterAll(() => api[Symbol.asyncDispose]());

const status = async (answer: Promise<{ status: number }>) => (await answer).status;
const refused = async (answer: Promise<{ status: number; json: Record<string, unknown> }>) => {
  const { status: code, json } = await answer;
  return [code, json.message];
};

describe('about the hub', () => {
  it('tells its version to anybody, from anywhere (R6, R43)', async () => {
    for (const path of ['/hub/api', '/hub/api/']) {
      const answer = await api.hub.request('GET', path);
      expect([answer.status, answer.json.version]).toEqual([200, expect.stringMatching(/^6\./)]);
      expect(answer.headers['access-control-allow-origin']).toBe('*');
      expect(answer.headers['x-jupyterhub-version']).toBe(answer.json.version);
    }
    expect((await api.ada.api('GET', '/info')).headers).not.toHaveProperty('access-control-allow-origin');
  });

  it('tells what it is made of to those with read:hub (R44)', async () => {
    const answer = await api.ada.api('GET', '/info');
    expect(answer.json).toEqual({
      version: expect.any(String),
      python: expect.any(String),
      sys_executable: expect.any(String),
      spawner: { class: expect.any(String), version: expect.any(String) },
      authenticator: { class: expect.any(String), version: expect.any(String) },
    });
    const bob = await api.user('bob');
    expect(await refused(bob.api('GET', '/info'))).toEqual([
      403,
      'Action is not authorized with current scopes; requires any of [read:hub]',
    ]);
  });

  it('answers errors as JSON with status and message alone (R2, R3, R15, R19)', async () => {
    const expected = [
      ['GET', '/nowhere', 404],
      ['GET', '/users/', 404],
      ['GET', '/users//server', 404],
      ['PUT', '/users', 405],
      ['DELETE', '/info', 405],
      ['GET', '/users/..%2f..%2fproxy', 404],
      ['GET', '/users/%00', 400],
    ] as const;
    for (const [method, path, code] of expected) {
      const answer = await api.ada.api(method, path);
      expect([path, answer.status, Object.keys(answer.json).sort()]).toEqual([
        path,
        code,
        ['message', 'status'],
      ]);
      expect(answer.json).toEqual({ status: code, message: expect.stringMatching(/.+/) });
      expect(answer.headers['content-type']).toBe('application/json');
    }
  });
});

describe('the proxy (R112)', () => {
  it('shows its routes, in pages too', async () => {
    const routes = (await api.ada.api('GET', '/proxy')).json;
    expect(routes).toEqual({
      '/': { routespec: '/', target: api.hub.url, data: { hub: true } },
    });
    await api.ada.startServer();
    const page = await api.hub.request('GET', '/hub/api/proxy?offset=1&limit=1', {
      token: api.ada.token,
      headers: { accept: 'application/jupyterhub-pagination+json' },
    });
    expect(page.json).toMatchObject({
      items: {
        '/user/ada/': { routespec: '/user/ada/', data: { user: 'ada', server_name: '' } },
      },
      _pagination: { offset: 1, limit: 1, total: 2, next: null },
    });
    expect((await api.ada.api('GET', '/proxy?limit=1')).json).not.toHaveProperty('/user/ada/');
    expect(await status(api.ada.api('GET', '/proxy?limit=one'))).toBe(400);
  });

  it('is put right when asked', async () => {
    api.hub.proxy.routes.delete('/user/ada/');
    const answer = await api.ada.api('POST', '/proxy');
    expect([answer.status, answer.text]).toEqual([200, '']);
    expect(api.hub.proxy.routes.has('/user/ada/')).toBe(true);
  });

  it.each([
    [undefined],
    [[]],
    ['x'],
    [{ api_url: 1 }],
    [{ api_url: 'ftp://x' }],
    [{ api_url: 'nonsense' }],
    [{ port: 1 }],
  ])('is not changed by %j', async (body) => {
    expect(await status(api.ada.api('PATCH', '/proxy', body))).toBe(400);
  });

  it('says when it cannot be changed', async () => {
    expect(await refused(api.ada.api('PATCH', '/proxy', { api_url: 'http://127.0.0.1:1' }))).toEqual([
      400,
      'The proxy cannot be changed at run time',
    ]);
  });

  it('needs the scope, unfiltered (R127)', async () => {
    const bob = await api.user('bob');
    const filtered = await api.service(['proxy!user=bob']);
    for (const method of ['GET', 'POST', 'PATCH'] as const) {
      expect(await status(bob.api(method, '/proxy', {}))).toBe(403);
      expect(await status(filtered.api(method, '/proxy', {}))).toBe(403);
      expect(await status(api.stranger.api(method, '/proxy', {}))).toBe(403);
    }
  });

  it('is another one after PATCH, with all routes', async () => {
    const seen: unknown[] = [];
    const routes = new Map<string, Parameters<ProxyToken['addRoute']>[0]>();
    const movable = definePlugin({
      name: 'movable',
      version: '1',
      api: 1,
      provides: ProxyToken,
      options: { type: 'object', properties: {} },
      create: (): ProxyToken => ({
        addRoute: async (route) => void routes.set(route.spec, route),
        deleteRoute: async (spec) => void routes.delete(spec),
        routes: async () => new Map(routes),
        async repoint(to) {
          seen.push(to);
          routes.clear();
        },
      }),
    });
    const other = await openApiHub({ plugins: [movable()] });
    try {
      const body = { api_url: 'http://127.0.0.1:9', auth_token: 'secret' };
      expect(await status(other.ada.api('PATCH', '/proxy', body))).toBe(200);
      expect(seen).toEqual([{ apiUrl: 'http://127.0.0.1:9', authToken: 'secret' }]);
      expect([...routes.keys()]).toEqual(['/']);
    } finally {
      await other[Symbol.asyncDispose]();
    }
  });

  it('is put right by the hub whose duty it is, whichever is asked', async () => {
    const one = await openApiHub({ host: 'one', hub: { connectUrl: 'http://127.0.0.1:9' } });
    const { database, proxy, engine } = one.hub;
    const shared = { database, proxy, engine, host: 'two', hub: { connectUrl: 'http://127.0.0.1:9' } };
    const two = await openApiHub(shared);
    try {
      for (const asked of [one, two]) {
        proxy.routes.delete('/');
        expect(await status(asked.ada.api('POST', '/proxy'))).toBe(200);
        expect(proxy.routes.get('/')?.target).toBe(one.hub.url);
      }
      proxy.refusal = new Error('the proxy is down');
      expect(await status(two.ada.api('POST', '/proxy'))).toBe(503);
      proxy.refusal = null;
    } finally {
      await two[Symbol.asyncDispose]();
      await one[Symbol.asyncDispose]();
    }
  });
});

describe('whose is this (R24, section 3)', () => {
  it('a token, asked by any other token', async () => {
    const bob = await api.user('bob');
    const asker = await api.service(['read:hub']);
    const answer = await asker.api('GET', `/authorizations/token/${bob.token}`);
    expect([answer.status, answer.json]).toEqual([
      200,
      expect.objectContaining({ kind: 'user', name: 'bob', admin: false, groups: [] }),
    ]);
    expect(answer.json).not.toHaveProperty('servers');
    const service = await api.service([], { name: 'asked' });
    expect((await asker.api('GET', `/authorizations/token/${service.token}`)).json).toMatchObject({
      kind: 'service',
      name: 'asked',
    });
    expect(await status(asker.api('GET', '/authorizations/token/unknown'))).toBe(404);
    expect(await status(api.stranger.api('GET', `/authorizations/token/${bob.token}`))).toBe(403);
  });

  it('a cookie, and what was removed', async () => {
    const asker = await api.service(['read:users']);
    expect(await status(asker.api('GET', '/authorizations/cookie/jupyterhub-hub-login/nonsense'))).toBe(404);
    expect(await status(asker.api('GET', '/authorizations/cookie/other'))).toBe(404);
    expect(await status(api.stranger.api('GET', '/authorizations/cookie/x/y'))).toBe(403);
    expect(await refused(api.stranger.api('POST', '/authorizations/token', {}))).toEqual([
      404,
      expect.stringContaining('removed'),
    ]);
  });
});

describe('shutting down (R49)', () => {
  it.each([[{ proxy: 'x' }], [{ servers: 0 }], [{ server: true }], [[]], ['x']])(
    'is refused for %j',
    async (body) => {
      const answer = await api.ada.api('POST', '/shutdown', body);
      expect([answer.status, answer.json.message]).toEqual([400, expect.stringMatching(/.+/)]);
    },
  );

  it('needs the scope; answers first, then stops', async () => {
    const doomed = await openApiHub();
    const bob = await doomed.user('bob');
    expect(await status(bob.api('POST', '/shutdown'))).toBe(403);
    const answer = await doomed.ada.api('POST', '/shutdown', { servers: true, proxy: true });
    expect([answer.status, answer.json]).toEqual([202, { message: 'Shutting down Hub' }]);
    await doomed.hub.hub.stopped;
    await doomed[Symbol.asyncDispose]();
  });
});
