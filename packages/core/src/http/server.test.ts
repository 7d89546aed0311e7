import http from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { ScopeSet } from '../access/index.ts';
import { randomIds, systemClock } from '../kernel/index.ts';
import type { Logger, UserView } from '../plugin/index.ts';
import { HubError } from '../plugin/index.ts';
import { empty, events, file, html, json } from './answer.ts';
import { anyOf, on } from './authorise.ts';
import { saysWhoMay } from './route.ts';
import { createHttpServer, type HttpOptions, type HttpServer } from './server.ts';

const secret = Buffer.alloc(32, 5);
const ada: UserView = {
  id: '1',
  name: 'ada',
  escapedName: 'ada',
  admin: false,
  groups: [],
  created: '2026-01-01T00:00:00Z',
};

interface Line {
  readonly level: string;
  readonly fields: Record<string, unknown>;
  readonly message: string;
}

function listLog(lines: Line[]): Logger {
  const at = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, fields: { ...fields }, message });
  return {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => listLog(lines),
  };
}

const scopes = ScopeSet.from([
  'read:users!user=ada',
  'servers!user=ada',
  'list:users!group=g',
  'read:users!group=g',
]);
const options = (lines: Line[], more: Partial<HttpOptions> = {}): HttpOptions => ({
  sessions: {
    byToken: async (token) =>
      token === 'good' || token.startsWith('xx')
        ? { owner: { kind: 'user', user: ada }, scopes, tokenId: 'a1', sessionId: null }
        : null,
    byLogin: async (login) =>
      login === 'login' ? { owner: { kind: 'user', user: ada }, scopes, loginId: 'l1' } : null,
    versions: async (names) => new Map(names.map((name) => [name, '0'])),
  },
  memberships: { groupsOf: async (user) => new Set(user === 'grace' ? ['g'] : []) },
  clock: systemClock,
  ids: randomIds,
  log: listLog(lines),
  cookies: {
    secret,
    basePath: '/pre/',
    hubPath: '/pre/hub/',
    maxAgeDays: 14,
    hostPrefix: false,
    sessionDomain: null,
    options: {},
  },
  forwarded: { trustedDownstream: new Set(), trustRealIp: true },
  anonymousId: { headers: ['User-Agent'], cidrs: [] },
  publicUrl: '',
  subdomainHost: null,
  compatibleVersion: '6.1.1',
  headers: {},
  ...more,
});

const servers: HttpServer[] = [];
const ended: string[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

/** A server with one route of each kind. */
async function start(more: Partial<HttpOptions> = {}) {
  const lines: Line[] = [];
  const server = createHttpServer(options(lines, more));
  servers.push(server);
  const { api, hub, base } = server;
  const body = {
    type: 'object',
    properties: { n: { type: 'integer' } },
    required: ['n'],
    additionalProperties: false,
  } as const;

  api.route('GET', '', { identity: 'unasked', handle: () => json({ version: '6.1.1' }) });
  api.route('GET', '/user', {
    identity: 'any',
    handle: ({ caller }) =>
      json({ kind: caller.kind, sessionId: caller.kind === 'anonymous' ? null : caller.sessionId }),
  });
  api.route('GET', '/users', { scope: anyOf('list:users'), on: 'list', handle: ({ query }) => json(query) });
  api.route('POST', '/users', { scope: anyOf('admin:users'), handle: () => json({}) });
  api.route('GET', '/users/:name', {
    scope: anyOf('read:users', 'read:users:name'),
    on: ({ params }) => on.user(params.name),
    handle: ({ params }) => json(params),
  });
  api.route('POST', '/users/:name/servers/:server', {
    scope: anyOf('servers'),
    on: ({ params }) => on.server(params.name, params.server),
    mayBeEmpty: ['server'],
    handle: ({ params, body }) => json({ ...params, body: body ?? 'nothing' }, 201),
  });
  api.route('PUT', '/users/:name/number', {
    scope: anyOf('servers'),
    on: ({ params }) => on.user(params.name),
    body,
    handle: ({ body }) => json(body.n),
  });
  api.route('POST', '/users/:name/maybe', {
    scope: anyOf('servers'),
    on: ({ params }) => on.user(params.name),
    body,
    bodyOptional: true,
    handle: ({ body }) => json(body?.n ?? 'none'),
  });
  api.route('DELETE', '/users/:name', { identity: 'user', handle: () => empty() });
  api.route('POST', '/plain', { identity: 'user', handle: () => empty(201, 'text/plain') });
  api.route('GET', '/boom', { identity: 'anyone', handle: () => Promise.reject(new Error('password=x')) });
  api.route('GET', '/busy', {
    identity: 'anyone',
    handle: () => {
      throw new HubError('HUB_TOO_MANY', 'later', { headers: { 'Retry-After': '40' } });
    },
  });
  api.route('POST', '/deferred', {
    identity: 'anyone',
    xsrf: 'deferred',
    handle: (c) => json(c.checkXsrf() ?? 'ok'),
  });
  api.route('GET', '/progress', {
    identity: 'anyone',
    handle: () =>
      events(
        (async function* () {
          yield { progress: 0 };
          yield { ready: true };
        })(),
        true,
      ),
  });
  api.route('GET', '/endless', {
    identity: 'anyone',
    handle: () => {
      const never: AsyncIterator<object> = {
        next: () => new Promise(() => {}),
        return: async () => {
          ended.push('endless');
          return { done: true, value: undefined };
        },
      };
      return events({ [Symbol.asyncIterator]: () => never }, true);
    },
  });
  hub.route('GET', '/metrics', {
    scope: anyOf('read:metrics'),
    on: 'list',
    tokens: true,
    login: false,
    handle: () => empty(200),
  });
  hub.route('GET', '/home', {
    identity: 'any',
    handle: ({ xsrfToken, nonce }) => html(`${xsrfToken()} ${nonce}`),
  });
  hub.route('GET', '/login', { identity: 'anyone', handle: ({ renewXsrfToken }) => html(renewXsrfToken()) });
  hub.route('POST', '/login', {
    identity: 'anyone',
    handle: ({ form, signIn, safeNext, query }) => {
      signIn({ secret: 'login', loginId: 'l1' });
      return json({ password: form.get('password'), next: safeNext(query.next) });
    },
  });
  hub.route('POST', '/spawn', {
    identity: 'user',
    handle: ({ form, files }) =>
      json({ profile: form.getAll('profile'), files: files.map(({ filename }) => filename) }),
  });
  hub.route('GET', '/static/*', {
    identity: 'unasked',
    quiet: true,
    handle: ({ searchParams, params }) => file('text/css', Buffer.from(params['*']), searchParams.has('v')),
  });
  hub.route('GET', '/logout', { identity: 'anyone', handle: ({ signOut }) => empty(signOut() ?? 200) });
  hub.route(['GET', 'HEAD'], '/health', {
    identity: 'unasked',
    quiet: true,
    handle: () => empty(200, 'text/html'),
  });
  base.route('GET', '/favicon.ico', { identity: 'unasked', handle: () => empty(200) });
  await server.ready();
  const inject = (
    method: string,
    url: string,
    headers: Record<string, string> = {},
    payload?: string | Buffer,
  ) =>
    server.fastify.inject({
      method: method as 'GET',
      url: `/pre/hub${url}`,
      headers: { host: 'hub.test', ...headers },
      ...(payload !== undefined && { payload }),
    });
  return { server, inject, lines };
}

const bearer = { authorization: 'token good' };
const cookieOf = (setCookie: string | string[] | undefined) =>
  [setCookie ?? []]
    .flat()
    .map((text) => text.split(';')[0])
    .join('; ');

/** Signs in as a browser does; answers with the cookies. */
async function signIn(inject: Awaited<ReturnType<typeof start>>['inject']) {
  const form = await inject('GET', '/login');
  const answer = await inject(
    'POST',
    '/login',
    { cookie: cookieOf(form.headers['set-cookie']), 'content-type': 'application/x-www-form-urlencoded' },
    `_xsrf=${form.body}&password=+a%20`,
  );
  const cookie = cookieOf(answer.headers['set-cookie']);
  return { answer, cookie, xsrf: /_xsrf=([^;]*)/.exec(cookie)?.[1] ?? '' };
}

describe('R3: methods', () => {
  it.each(['HEAD', 'PUT', 'DELETE', 'PATCH', 'POST'])(
    '%s on a known path of the API is 405 without credentials',
    async (method) => {
      const { inject } = await start();
      const answer = await inject(method, '/api/user');
      expect(answer.statusCode).toBe(405);
      if (method !== 'HEAD') expect(answer.json()).toEqual({ status: 405, message: 'Method Not Allowed' });
    },
  );

  it('OPTIONS on a known path of the API is 200 and empty', async () => {
    const { inject } = await start();
    const answer = await inject('OPTIONS', '/api/users/ada', {
      origin: 'http://evil',
      'sec-fetch-mode': 'cors',
    });
    expect([answer.statusCode, answer.body]).toEqual([200, '']);
    expect((await inject('OPTIONS', '/api/nothing')).statusCode).toBe(404);
  });

  it('HEAD answers where it is registered', async () => {
    const { inject } = await start();
    expect((await inject('HEAD', '/health')).statusCode).toBe(200);
    expect((await inject('HEAD', '/home')).statusCode).toBe(405);
    expect((await inject('OPTIONS', '/home')).statusCode).toBe(405);
  });

  it('W3, W9: another method of a page is 403 without XSRF and 405 with it', async () => {
    const { inject } = await start();
    expect((await inject('POST', '/logout')).statusCode).toBe(403);
    const { cookie, xsrf } = await signIn(inject);
    expect((await inject('POST', '/logout', { cookie, 'x-xsrftoken': xsrf })).statusCode).toBe(405);
  });
});

describe('R1: paths', () => {
  it('decode one segment, slashes included', async () => {
    const { inject } = await start();
    expect((await inject('POST', '/api/users/ada/servers/a%2Fb%20c', bearer)).json()).toMatchObject({
      server: 'a/b c',
    });
  });

  it('may be long', async () => {
    const { inject } = await start();
    expect((await inject('POST', `/api/users/ada/servers/${'s'.repeat(1000)}`, bearer)).statusCode).toBe(201);
    const tooLong = await inject('GET', `/api/users/${'s'.repeat(1025)}`, bearer);
    expect([tooLong.statusCode, tooLong.json().status]).toEqual([414, 414]);
  });

  it.each(['/api/users/', '/api/user/', '/api//users', '/api/users//servers/x', '/api/users/ada/servers'])(
    '%s is not found',
    async (url) => {
      const { inject } = await start();
      const answer = await inject(url.endsWith('x') ? 'POST' : 'GET', url, bearer);
      expect([answer.statusCode, answer.json()]).toEqual([404, { status: 404, message: 'Not Found' }]);
    },
  );

  it('an empty server is the default one', async () => {
    const { inject } = await start();
    expect((await inject('POST', '/api/users/ada/servers/', bearer)).json()).toMatchObject({ server: '' });
  });

  it.each(['/api/users/%FF', '/api/users/%00', '/api/users?a=%00'])('%s is refused with 400', async (url) => {
    const { inject } = await start();
    const answer = await inject('GET', url, bearer);
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([400, 'application/json']);
  });

  it('R2: unknown ones below the API are 404 for everybody', async () => {
    const { inject } = await start();
    for (const headers of [{}, bearer, { origin: 'http://evil', 'sec-fetch-mode': 'cors' }]) {
      for (const method of ['GET', 'POST', 'DELETE']) {
        const answer = await inject(method, '/api/nothing/here', headers);
        expect([answer.statusCode, answer.json()]).toEqual([404, { status: 404, message: 'Not Found' }]);
      }
    }
  });
});

describe('the query', () => {
  it('is text, and the last value wins', async () => {
    const { inject } = await start();
    const answer = await inject('GET', '/api/users?limit=1&limit=2&flag&__proto__=x&a=1+2%zz', bearer);
    expect(JSON.parse(answer.body)).toEqual(
      JSON.parse('{"limit": "2", "flag": "", "__proto__": "x", "a": "1 2%zz"}'),
    );
  });
});

describe('R14: bodies', () => {
  const url = '/api/users/ada/servers/x';

  it.each<[string, string | Buffer | undefined, Record<string, string>, unknown]>([
    ['none', undefined, {}, 'nothing'],
    ['an empty one of type JSON', '', { 'content-type': 'application/json' }, 'nothing'],
    ['JSON', '{"a": 1}', { 'content-type': 'application/json' }, { a: 1 }],
    ['JSON under another type', '{"a": 1}', { 'content-type': 'text/plain' }, { a: 1 }],
    ['JSON under a type that is none', '{"a": 1}', { 'content-type': 'nonsense' }, { a: 1 }],
    [
      'JSON under the type of a form',
      '{"a": 1}',
      { 'content-type': 'application/x-www-form-urlencoded' },
      { a: 1 },
    ],
    ['broken UTF-8 inside text', Buffer.from([0x22, 0xff, 0x22]), {}, '\ufffd'],
  ])('%s is read', async (_, payload, headers, expected) => {
    const { inject } = await start();
    const answer = await inject('POST', url, { ...bearer, ...headers }, payload);
    expect([answer.statusCode, answer.json().body]).toEqual([201, expected]);
  });

  it.each<[string, string | Buffer]>([
    ['no JSON', '{'],
    ['bytes', Buffer.from([0xff, 0xfe])],
    ['an array nested 100,000 deep', '['.repeat(100_000)],
  ])('%s is refused with 400', async (_, payload) => {
    const { inject } = await start();
    const answer = await inject('POST', url, bearer, payload);
    expect(answer.json()).toEqual({ status: 400, message: 'Invalid JSON in body of request' });
  });

  it('more than 1 MB is refused with 413', async () => {
    const { inject } = await start();
    expect((await inject('POST', url, bearer, `"${'x'.repeat(1_048_574)}"`)).statusCode).toBe(201);
    const answer = await inject('POST', url, bearer, `"${'x'.repeat(1_048_575)}"`);
    expect(answer.json()).toEqual({ status: 413, message: 'Payload Too Large' });
  });

  it('R128: what the body says is looked at after the scope', async () => {
    const { inject } = await start();
    expect((await inject('PUT', '/api/users/grace/number', bearer, '{')).statusCode).toBe(404);
    expect((await inject('PUT', '/api/users/ada/number', {}, '{"n": "x"}')).statusCode).toBe(403);
    expect((await inject('PUT', '/api/users/ada/number', bearer, '{')).statusCode).toBe(400);
  });

  it('is checked against its schema, without bending types', async () => {
    const { inject } = await start();
    for (const [payload, status] of [
      ['{"n": 1}', 200],
      ['{"n": 1, "more": 2}', 400],
      ['{"n": "1"}', 400],
      ['{}', 400],
      ['', 400],
    ] as const) {
      const answer = await inject('PUT', '/api/users/ada/number', bearer, payload);
      expect(answer.statusCode).toBe(status);
      if (status === 400) expect(answer.json().message).toMatch(/^body/);
    }
  });

  it.each([
    ['', 'none'],
    ['null', 'none'],
    ['{"n": 3}', 3],
  ])('an optional one may be %j', async (payload, expected) => {
    const { inject } = await start();
    expect((await inject('POST', '/api/users/ada/maybe', bearer, payload)).json()).toBe(expected);
  });
});

describe('R4–R6: headers', () => {
  it('of the API, errors included', async () => {
    const { inject } = await start();
    for (const url of ['/api', '/api/user', '/api/nothing', '/api/users/%FF']) {
      expect((await inject('GET', url)).headers).toMatchObject({
        'x-jupyterhub-version': '6.1.1',
        'content-type': 'application/json',
        'access-control-allow-headers': 'accept, content-type, authorization',
        'content-security-policy':
          "frame-ancestors 'none'; report-uri /pre/hub/security/csp-report; default-src 'none'",
      });
    }
  });

  it('R5: 204 has neither type nor length, and an empty 201 is text/plain', async () => {
    const { inject } = await start();
    const gone = await inject('DELETE', '/api/users/ada', bearer);
    expect(gone.statusCode).toBe(204);
    expect(gone.headers).not.toHaveProperty('content-type');
    expect(gone.headers).not.toHaveProperty('content-length');
    const made = await inject('POST', '/api/plain', bearer);
    expect([made.statusCode, made.headers['content-type'], made.body]).toEqual([201, 'text/plain', '']);
  });

  it('W107: an answer that did not change is 304', async () => {
    const { inject } = await start();
    const { etag } = (await inject('GET', '/api')).headers;
    const again = await inject('GET', '/api', { 'if-none-match': String(etag) });
    expect([again.statusCode, again.body]).toEqual([304, '']);
  });

  it("W107: the operator's win", async () => {
    const { inject } = await start({ headers: { 'Content-Security-Policy': 'mine' } });
    expect((await inject('GET', '/api')).headers['content-security-policy']).toBe('mine');
    expect((await inject('GET', '/login')).headers['content-security-policy']).toBe('mine');
  });

  it('of a page carry its nonce', async () => {
    const { inject } = await start();
    const answer = await inject('GET', '/home', await signIn(inject).then(({ cookie }) => ({ cookie })));
    const nonce = answer.body.split(' ')[1];
    expect(answer.headers['content-security-policy']).toContain(`script-src 'self' 'nonce-${nonce}'`);
    expect(answer.headers['cache-control']).toBe('no-store');
  });
});

describe('W20: files', () => {
  it('carry neither version nor policy, also with headers of the operator', async () => {
    const { inject } = await start({ headers: { 'Content-Security-Policy': 'mine' } });
    const answer = await inject('GET', '/static/css/style.css?v=1');
    expect([answer.body, answer.headers['content-type']]).toEqual(['css/style.css', 'text/css']);
    expect(answer.headers['cache-control']).toBe('max-age=315360000');
    expect(answer.headers).not.toHaveProperty('content-security-policy');
    expect(answer.headers).not.toHaveProperty('x-jupyterhub-version');
    expect((await inject('GET', '/static/x')).headers['cache-control']).toBe('no-cache');
  });
});

describe('W30: a form with files', () => {
  it('arrives with its fields, and its token is found among them', async () => {
    const { inject } = await start();
    const { cookie, xsrf } = await signIn(inject);
    const post = async (token: string) => {
      const form = new FormData();
      form.append('_xsrf', token);
      form.append('profile', 'a');
      form.append('profile', 'b');
      form.append('image', new File(['x'], 'x.png'));
      const body = new Response(form);
      const type = body.headers.get('content-type') ?? '';
      return inject(
        'POST',
        '/spawn',
        { cookie, 'content-type': type },
        Buffer.from(await body.arrayBuffer()),
      );
    };
    expect((await post(xsrf)).json()).toEqual({ profile: ['a', 'b'], files: ['x.png'] });
    expect((await post('wrong')).statusCode).toBe(403);
  });
});

describe('R15, R18: errors', () => {
  it('say nothing about a fault of ours, and are logged once', async () => {
    const { inject, lines } = await start();
    const answer = await inject('GET', '/api/boom?token=t');
    expect(answer.json()).toEqual({ status: 500, message: 'Internal Server Error' });
    const failures = lines.filter(({ message }) => message === 'request failed');
    expect(failures).toHaveLength(1);
    expect(failures[0]?.fields.url).toBe('/pre/hub/api/boom?token=[secret]');
  });

  it('W112: keep their headers', async () => {
    const { inject } = await start();
    const answer = await inject('GET', '/api/busy');
    expect([answer.statusCode, answer.headers['retry-after'], answer.json().message]).toEqual([
      429,
      '40',
      'later',
    ]);
  });

  it('of pages are drawn, or plain when drawing fails', async () => {
    const drawn = await start({ renderError: ({ status, reason }) => `<h1>${status} : ${reason}</h1>` });
    const answer = await drawn.inject('GET', '/nothing');
    expect([answer.statusCode, answer.headers['content-type'], answer.body]).toEqual([
      404,
      'text/html; charset=utf-8',
      '<h1>404 : Not Found</h1>',
    ]);
    const broken = await start({
      renderError: () => {
        throw new Error('template');
      },
    });
    expect((await broken.inject('GET', '/nothing')).body).toBe('404 : Not Found\n');
    expect(broken.lines.some(({ message }) => message === 'error page failed')).toBe(true);
  });

  it('W1: pages may answer what no route knows', async () => {
    const { inject, server } = await start({
      otherwise: ({ path }) => (path === '/pre/x' ? empty(418) : null),
    });
    expect((await server.fastify.inject('/pre/x')).statusCode).toBe(418);
    expect((await inject('GET', '/y')).statusCode).toBe(404);
    expect((await inject('GET', '/api/x')).statusCode).toBe(404);
    const post = await inject('POST', '/user/ada/api/contents');
    expect([post.statusCode, post.body]).toEqual([403, "403 : '_xsrf' argument missing from POST\n"]);
  });
});

describe('R7–R10: who is asking', () => {
  it.each(['token good', 'Bearer good', 'BEARER \t good ', `token ${'x'.repeat(64)}`])(
    'Authorization: %j is a token',
    async (authorization) => {
      const { inject } = await start();
      expect((await inject('GET', '/api/user', { authorization })).json().kind).toBe('token');
    },
  );

  it.each(['basic good', 'token', 'token good more', 'token bad', `token ${'x'.repeat(65)}`, 'tokengood'])(
    'Authorization: %j is nobody: 403, never 401',
    async (authorization) => {
      const { inject } = await start();
      const answer = await inject('GET', '/api/user', { authorization });
      expect([answer.statusCode, answer.json()]).toEqual([403, { status: 403, message: 'Forbidden' }]);
    },
  );

  it('R7: ?token= is nobody', async () => {
    const { inject } = await start();
    expect((await inject('GET', '/api/user?token=good')).statusCode).toBe(403);
  });

  it('R8: a bad token leaves the cookie, a good one wins', async () => {
    const { inject } = await start();
    const { cookie } = await signIn(inject);
    expect((await inject('GET', '/api/user', { cookie, authorization: 'token bad' })).json().kind).toBe(
      'cookie',
    );
    expect((await inject('GET', '/api/user', { cookie, ...bearer })).json().kind).toBe('token');
  });

  it('W114: pages take no token', async () => {
    const { inject } = await start();
    const answer = await inject('GET', '/home?x=1', bearer);
    expect([answer.statusCode, answer.headers.location]).toEqual([
      302,
      '/pre/hub/login?next=%2Fpre%2Fhub%2Fhome%3Fx%3D1',
    ]);
  });

  it('W19: but some do, and some refuse strangers instead of sending them to the login page', async () => {
    const { inject } = await start();
    expect((await inject('GET', '/metrics')).statusCode).toBe(403);
    expect((await inject('GET', '/metrics', { authorization: 'token bad' })).statusCode).toBe(403);
    const known = await inject('GET', '/metrics', bearer);
    expect([known.statusCode, known.body]).toEqual([
      403,
      expect.stringContaining('requires any of [read:metrics]'),
    ]);
  });

  it('a stranger who posts to a page is refused', async () => {
    const { inject } = await start();
    expect((await inject('POST', '/home')).statusCode).toBe(403);
  });

  it('W45: a cookie that stands for nobody is cleared', async () => {
    const { inject } = await start();
    const answer = await inject('GET', '/api/user', { cookie: 'jupyterhub-hub-login=junk' });
    expect(answer.headers['set-cookie']).toMatch(
      /^jupyterhub-hub-login=; Path=\/pre\/hub\/; Expires=Thu, 01 Jan 1970/,
    );
  });

  it('W45: a login without session id gets one', async () => {
    const { inject } = await start();
    const { cookie } = await signIn(inject);
    const login = cookie.split('; ').find((pair) => pair.startsWith('jupyterhub-hub-login')) ?? '';
    const answer = await inject('GET', '/api/user', { cookie: login });
    expect(answer.json()).toEqual({ kind: 'cookie', sessionId: null });
    expect(answer.headers['set-cookie']).toMatch(/^jupyterhub-session-id=[0-9a-f]{32}; Path=\/pre\//);
  });
});

describe('R16, R17, R128, R129: scopes', () => {
  it.each([
    ['GET', '/api/users/ada', bearer, 200, ''],
    ['GET', '/api/users/grace', bearer, 200, ''],
    ['GET', '/api/users/eve', bearer, 404, 'No access to resources or resources not found'],
    ['GET', '/api/users/ada', {}, 403, 'Missing or invalid credentials.'],
    ['GET', '/api/users', bearer, 200, ''],
    [
      'POST',
      '/api/users',
      bearer,
      403,
      'Action is not authorized with current scopes; requires any of [admin:users]',
    ],
  ])('%s %s with %j is %i', async (method, url, headers, status, message) => {
    const { inject } = await start();
    const answer = await inject(method, url, headers);
    expect(answer.statusCode).toBe(status);
    if (message) expect(answer.json()).toEqual({ status, message });
  });

  it('every route says who may use it', async () => {
    const { server } = await start();
    expect(server.routes.length).toBeGreaterThan(10);
    expect(server.routes.filter((route) => !saysWhoMay(route))).toEqual([]);
  });
});

describe('W61: XSRF, through the whole server', () => {
  it('a signed-in browser', async () => {
    const { inject } = await start();
    const { cookie, xsrf } = await signIn(inject);
    const get = async (headers: Record<string, string>, query = '') =>
      (await inject('GET', `/api/user${query}`, { cookie, ...headers })).statusCode;
    expect(await get({})).toBe(200);
    expect(await get({ 'sec-fetch-mode': 'navigate' })).toBe(200);
    expect(await get({ 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'same-origin' })).toBe(200);
    expect(await get({ 'sec-fetch-mode': 'no-cors', 'sec-fetch-site': 'same-site' })).toBe(403);
    expect(await get({ 'sec-fetch-mode': 'cors' })).toBe(403);
    expect(await get({ 'sec-fetch-mode': 'cors', 'x-xsrftoken': xsrf })).toBe(200);
    expect(await get({ 'sec-fetch-mode': 'cors', 'x-csrftoken': xsrf })).toBe(200);
    expect(await get({ 'sec-fetch-mode': 'cors' }, `?_xsrf=${xsrf}`)).toBe(200);
    expect(await get({ 'sec-fetch-mode': 'cors', 'x-xsrftoken': 'wrong' })).toBe(403);
    expect(await get({ authorization: 'token bad' })).toBe(200);
  });

  it('a signed-in POST', async () => {
    const { inject } = await start();
    const { cookie, xsrf } = await signIn(inject);
    const post = (headers: Record<string, string>) =>
      inject(
        'POST',
        '/api/users/ada/servers/x',
        { cookie, 'content-type': 'application/json', ...headers },
        '{}',
      );
    expect((await post({ 'sec-fetch-mode': 'navigate' })).json().message).toBe(
      "'_xsrf' argument missing from POST",
    );
    expect((await post({ 'x-xsrftoken': xsrf })).statusCode).toBe(201);
    expect((await post({ 'x-xsrftoken': 'x' })).json().message).toBe(
      'XSRF cookie does not match POST argument',
    );
    // R30: the cookie does not count.
    const foreign = await post({ 'x-xsrftoken': xsrf, 'content-type': 'text/plain' });
    expect(foreign.json()).toEqual({ status: 403, message: 'Missing or invalid credentials.' });
    expect((await post({ authorization: 'token good', cookie: '' })).statusCode).toBe(201);
  });

  it('strangers', async () => {
    const { inject } = await start();
    expect((await inject('GET', '/api/user')).json().message).toBe('Forbidden');
    const foreign = await inject('GET', '/api/user', { origin: 'http://evil', 'sec-fetch-mode': 'cors' });
    expect(foreign.json()).toEqual({ status: 403, message: "'_xsrf' argument missing from GET" });
  });

  it('R28: a refused POST brings the cookie, but not to a script', async () => {
    const { inject } = await start();
    const { cookie } = await signIn(inject);
    const without = cookie
      .split('; ')
      .filter((pair) => !pair.startsWith('_xsrf'))
      .join('; ');
    const refused = await inject('POST', '/api/plain', { cookie: without });
    expect([refused.statusCode, cookieOf(refused.headers['set-cookie'])]).toEqual([
      403,
      expect.stringMatching(/^_xsrf=/),
    ]);
    const script = await inject('POST', '/api/plain', { cookie: without, 'sec-fetch-mode': 'cors' });
    expect(script.headers).not.toHaveProperty('set-cookie');
  });

  it('W54, W25: the token of before a login is worth nothing after it', async () => {
    const { inject } = await start();
    const before = (await inject('GET', '/login')).body;
    const { answer, cookie } = await signIn(inject);
    expect(answer.json()).toEqual({ password: ' a ', next: null });
    expect(cookie).toMatch(/jupyterhub-session-id=[0-9a-f]{32}/);
    const stale = await inject('POST', '/api/plain', { cookie, 'x-xsrftoken': before });
    expect(stale.statusCode).toBe(403);
  });

  it('R29: may be left to the handler', async () => {
    const { inject } = await start();
    expect((await inject('POST', '/api/deferred', bearer)).json()).toBe('ok');
    const { cookie } = await signIn(inject);
    expect((await inject('POST', '/api/deferred', { cookie })).statusCode).toBe(403);
  });

  it('W48: a browser that keeps its session id gets a token of its new login', async () => {
    const { inject } = await start();
    const session = `jupyterhub-session-id=${'0'.repeat(32)}`;
    const form = await inject('GET', '/login', { cookie: session });
    const answer = await inject(
      'POST',
      '/login',
      {
        cookie: `${session}; ${cookieOf(form.headers['set-cookie'])}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      `_xsrf=${form.body}`,
    );
    const cookie = cookieOf(answer.headers['set-cookie']);
    expect(cookie).not.toContain('session-id');
    const xsrf = /_xsrf=([^;]*)/.exec(cookie)?.[1] ?? '';
    const post = await inject('POST', '/api/plain', { cookie: `${session}; ${cookie}`, 'x-xsrftoken': xsrf });
    expect(post.statusCode).toBe(201);
  });

  it('W55: a page sets none when the browser has the right one', async () => {
    const { inject } = await start();
    const { cookie } = await signIn(inject);
    expect((await inject('GET', '/home', { cookie })).headers).not.toHaveProperty('set-cookie');
    const without = cookie.replace(/_xsrf=[^;]*/, '');
    expect((await inject('GET', '/home', { cookie: without })).headers['set-cookie']).toMatch(/^_xsrf=/);
  });

  it('W56: plain answers set no cookie', async () => {
    const { inject } = await start();
    for (const url of ['/health', '/api', '/api/user']) {
      expect((await inject('GET', url)).headers).not.toHaveProperty('set-cookie');
    }
  });

  it('W24: the login page sets one for an hour, on navigation', async () => {
    const { inject } = await start();
    expect((await inject('GET', '/login')).headers['set-cookie']).toMatch(/^_xsrf=.*Max-Age=3600/);
    expect((await inject('GET', '/login', { 'sec-fetch-mode': 'cors' })).headers).not.toHaveProperty(
      'set-cookie',
    );
  });

  it('W24: and again for another hour, with the same token', async () => {
    const { inject } = await start();
    const first = await inject('GET', '/login');
    const again = await inject('GET', '/login', { cookie: cookieOf(first.headers['set-cookie']) });
    expect(again.headers['set-cookie']).toBe(first.headers['set-cookie']);
  });

  it('W47: signing out clears every cookie', async () => {
    const { inject } = await start();
    const { cookie } = await signIn(inject);
    const answer = await inject('GET', '/logout', { cookie });
    const cleared = [answer.headers['set-cookie'] ?? []].flat();
    expect(cleared.map((text) => text.split('=')[0]).sort()).toEqual([
      '_xsrf',
      'jupyterhub-hub-login',
      'jupyterhub-services',
      'jupyterhub-session-id',
    ]);
    for (const text of cleared) expect(text).toContain('Expires=Thu, 01 Jan 1970');
  });
});

describe('P732: the access log', () => {
  it('names the user, and no secret', async () => {
    const { inject, lines } = await start();
    await inject('GET', '/api/user?_xsrf=abc&limit=1', bearer);
    const line = lines.at(-1);
    expect(line?.level).toBe('info');
    expect(line?.message).toMatch(
      /^200 GET \/pre\/hub\/api\/user\?_xsrf=\[secret\]&limit=1 \(ada@127\.0\.0\.1\) \d+\.\d\dms$/,
    );
  });

  it('has a line for every answer', async () => {
    const { inject, lines } = await start();
    for (const url of ['/api/nothing', '/api/users/%FF', '/api/boom', '/health']) await inject('GET', url);
    await delay(0);
    expect(lines.filter(({ message }) => / GET /.test(message)).map(({ level }) => level)).toEqual([
      'warn',
      'warn',
      'error',
      'debug',
    ]);
  });
});

describe('over a socket', () => {
  async function listen() {
    const { server } = await start();
    await server.fastify.listen({ port: 0, host: '127.0.0.1' });
    return (server.fastify.server.address() as AddressInfo).port;
  }

  function send(
    port: number,
    method: string,
    path: string,
    body?: Buffer,
    begun?: () => void,
  ): Promise<{ status: number; body: string }> {
    return new Promise((resolve, reject) => {
      const request = http.request(
        { port, method, path: `/pre/hub${path}`, headers: bearer, agent: false },
        (answer) => {
          let text = '';
          answer.on('data', (chunk) => {
            text += chunk;
            begun?.();
          });
          answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body: text }));
        },
      );
      request.on('error', reject);
      request.end(body);
    });
  }

  it('a client that goes ends the stream at its source', async () => {
    const port = await listen();
    await new Promise<void>((resolve) => {
      const request = http.get(
        { port, path: '/pre/hub/api/endless', headers: bearer, agent: false },
        (answer) => {
          answer.once('data', () => {
            request.destroy();
            resolve();
          });
        },
      );
      request.on('error', () => {});
    });
    await expect.poll(() => ended.length).toBe(1);
  });

  it('a hub that stops ends its event streams', async () => {
    const { server } = await start();
    await server.fastify.listen({ port: 0, host: '127.0.0.1' });
    const { port } = server.fastify.server.address() as AddressInfo;
    const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
    const stream = send(port, 'GET', '/api/endless', undefined, begin);
    await begun;
    await server.close();
    expect((await stream).body).toBe('\n\n');
  });

  it('10 MiB of broken text is refused, and the hub keeps serving', async () => {
    const port = await listen();
    const broken = await send(
      port,
      'POST',
      '/api/users/ada/servers/x',
      Buffer.alloc(10 * 1024 * 1024, 0x7b),
    ).catch((error: NodeJS.ErrnoException) => ({ status: error.code, body: '' }));
    // The answer may be cut off by the client's own writing: the connection closes under it.
    expect([413, 'EPIPE', 'ECONNRESET']).toContain(broken.status);
    expect((await send(port, 'GET', '/api/user')).status).toBe(200);
  });

  it('R86: events arrive as they are written, and the stream ends', async () => {
    const port = await listen();
    const answer = await send(port, 'GET', '/api/progress');
    expect(answer.body).toBe('\n\ndata: {"progress":0}\n\ndata: {"ready":true}\n\n');
  });

  it('HEAD is 405 and OPTIONS 200', async () => {
    const port = await listen();
    expect((await send(port, 'HEAD', '/api/user')).status).toBe(405);
    expect((await send(port, 'OPTIONS', '/api/user')).status).toBe(200);
  });

  it('W117: what is no HTTP gets a bare 400', async () => {
    const port = await listen();
    const text = await new Promise<string>((resolve, reject) => {
      let received = '';
      const socket = connect(port, '127.0.0.1', () => socket.write('nonsense\r\n\r\n'));
      socket.on('data', (chunk) => {
        received += chunk;
      });
      socket.on('end', () => resolve(received));
      socket.on('error', reject);
    });
    expect(text).toBe('HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n');
  });
});
