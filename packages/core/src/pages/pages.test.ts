import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPageHub, type PageHub, tester } from '../../test/support/page-hub.ts';
import { saysWhoMay } from '../http/index.ts';
import type { HomePage, LoginPage, PageContext, Pages, TokenPage } from '../plugin/index.ts';
import { plainPages } from './plain-pages.ts';

let hub: PageHub;
let folder: string;
let seen: { home?: HomePage; token?: TokenPage; login?: LoginPage; context?: PageContext } = {};

/** The plain pages, with files, and a note of what they were given. */
function watchedPages(): Pages {
  return {
    ...plainPages,
    assets: {
      folder: path.join(folder, 'static'),
      hash: 'abc',
      logoFile: path.join(folder, 'static/logo.svg'),
      faviconFile: path.join(folder, 'static/icon.ico'),
    },
    login(context, page) {
      seen = { context, login: page };
      return plainPages.login(context, page);
    },
    home(context, page) {
      seen = { context, home: page };
      return plainPages.home(context, page);
    },
    token(context, page) {
      seen = { context, token: page };
      return plainPages.token(context, page);
    },
  };
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'hub-pages-'));
  await mkdir(path.join(folder, 'static/sub'), { recursive: true });
  await mkdir(path.join(folder, 'static-secrets'));
  await writeFile(path.join(folder, 'app.py'), 'secret');
  await writeFile(path.join(folder, 'static-secrets/key'), 'secret');
  await writeFile(path.join(folder, 'static/hub.css'), 'a{}');
  await writeFile(path.join(folder, 'static/logo.svg'), '<svg/>');
  await writeFile(path.join(folder, 'static/icon.ico'), 'ico');
  const services = () => [
    { name: 'open', href: '/services/open/' },
    { name: 'closed', href: '/services/closed/' },
  ];
  hub = await openPageHub({
    pages: watchedPages(),
    named: true,
    settings: { tokenMaxSeconds: 3600 },
    deps: { services },
  });
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe('addresses outside of the hub (W1–W5)', () => {
  it.each([
    ['/', 302, '/hub/'],
    ['/?a=1', 302, '/hub/?a=1'],
    ['/foo/bar?z=2', 302, '/hub/foo/bar?z=2'],
    ['/user/ada/lab?x=1', 302, '/hub/user/ada/lab?x=1'],
    ['/services/nope/x', 302, '/hub/services/nope/x'],
    ['/user/ada', 301, '/user/ada/'],
    ['/services/x?a=1', 301, '/services/x/?a=1'],
    ['/user', 302, '/hub/user'],
    ['/hub', 301, '/hub/'],
  ])('%s is %i to %s', async (url, status, location) => {
    const answer = await hub.browser().get(url);
    expect([answer.status, answer.headers.location]).toEqual([status, location]);
  });

  it('never lead to another host', async () => {
    const { status, headers } = await raw('//evil.example/x');
    expect([status, headers.location]).toEqual([302, '/hub//evil.example/x']);
  });

  it('are led by GET alone, and other methods are checked first (W3)', async () => {
    const browser = hub.browser();
    expect((await browser.post('/user/ada/api/kernels')).status).toBe(403);
    await browser.get('/hub/login');
    const headers = { 'x-xsrftoken': browser.cookie('_xsrf') ?? '' };
    expect((await browser.post('/user/ada/api/kernels', {}, headers)).status).toBe(405);
  });

  it('keep to a prefix', async () => {
    await using prefixed = await openPageHub({ basePath: '/pre/' });
    const browser = prefixed.browser();
    const cases = {
      '/pre': '/pre/hub/',
      '/pre/': '/pre/hub/',
      '/pre/foo?x': '/pre/hub/foo?x',
      '/pre/user/ada': '/pre/user/ada/',
      '/pre/hub': '/pre/hub/',
      '/pre/hub/home': '/pre/hub/login?next=%2Fpre%2Fhub%2Fhome',
    };
    for (const [url, location] of Object.entries(cases)) {
      expect([url, (await browser.get(url)).headers.location]).toEqual([url, location]);
    }
    expect((await browser.get('/elsewhere')).status).toBe(404);
    const ada = await prefixed.signIn('ada');
    expect(JSON.parse((await ada.get('/pre/hub/user/ada/api/x')).text).message).toContain(
      ` at /user/ada/api/x. Restart the server at ${prefixed.origin}/pre/hub/spawn/ada`,
    );
    expect((await ada.get('/pre/hub/user-redirect/lab?a=1')).headers.location).toBe(
      '/pre/hub/spawn/ada?next=%2Fpre%2Fuser%2Fada%2Flab%3Fa%3D1',
    );
  });

  it('that nobody knows below the prefix are 404, for people and for programs (W5)', async () => {
    const page = await hub.browser().get('/hub/%3Cscript%3E?<b>');
    expect([page.status, page.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8']);
    expect(page.text).not.toMatch(/<script>|<b>/);
    expect(JSON.parse((await hub.browser().get('/hub/api/nope')).text).status).toBe(404);
  });
});

describe('one link for everybody (W14)', () => {
  it.each([
    ['/hub/user-redirect/lab/tree/x.ipynb?a=1', '%2Fuser%2Fada%2Flab%2Ftree%2Fx.ipynb%3Fa%3D1'],
    ['/hub/user-redirect', '%2Fuser%2Fada%2F'],
    ['/hub/user-redirect/', '%2Fuser%2Fada%2F'],
    ['/hub/user-redirect/%C3%BC', '%2Fuser%2Fada%2F%25C3%25BC'],
  ])('%s leads each to their own server', async (url, next) => {
    const ada = await hub.signIn('ada');
    expect((await ada.get(url)).headers.location).toBe(`/hub/spawn/ada?next=${next}`);
  });

  it('may lead to a named server, or where the operator says', async () => {
    const userRedirect = (path: string, _request: unknown, user: { name: string }) =>
      path === 'special' ? `/for/${user.name}` : null;
    await using other = await openPageHub({ settings: { defaultServerName: 'main', userRedirect } });
    const ada = await other.signIn('ada');
    expect((await ada.get('/hub/user-redirect/special')).headers.location).toBe('/for/ada');
    expect((await ada.get('/hub/user-redirect/lab')).headers.location).toBe(
      '/hub/spawn/ada/main?next=%2Fuser%2Fada%2Fmain%2Flab',
    );
  });
});

describe('the front door (W7)', () => {
  it('leads everybody to the operator’s page, where there is one', async () => {
    const defaultUrl = ({ user }: { user: { name: string } | null }) => `/hub/home?${user?.name ?? 'nobody'}`;
    await using other = await openPageHub({ settings: { defaultUrl } });
    expect((await other.browser().get('/hub/')).headers.location).toBe('/hub/home?nobody');
    const ada = await other.signIn('ada');
    expect((await ada.get('/hub/?x=1')).headers.location).toBe('/hub/home?ada');
  });

  it('leads home where servers are not started by themselves', async () => {
    await using other = await openPageHub({ settings: { redirectToServer: false } });
    const ada = await other.signIn('ada');
    expect((await ada.get('/hub/?x=1')).headers.location).toBe('/hub/home?x=1');
  });
});

describe('home (W10, W124)', () => {
  it('shows the own servers', async () => {
    const ada = await hub.signIn('hedy');
    const owner = await hub.users.get('hedy');
    if (!owner) throw new Error('no hedy');
    await hub.addServer(owner, 'gpu-box', 'GPU Box ü');
    expect((await ada.get('/hub/home')).status).toBe(200);
    expect(seen.home).toMatchObject({
      defaultServer: { phase: 'stopped', url: '/user/hedy/', apiUrl: '/hub/api/users/hedy/server' },
      named: {
        limit: 2,
        invalidNames: [],
        apiUrl: '/hub/api/users/hedy/servers',
        servers: [{ displayName: 'GPU Box ü', spawnUrl: '/hub/spawn/hedy/gpu-box', phase: 'stopped' }],
      },
      shared: [],
    });
  });

  it('notices that the server died', async () => {
    const browser = await hub.signIn('joan');
    await hub.startServer('joan');
    await browser.get('/hub/home');
    expect(seen.home?.defaultServer.phase).toBe('ready');
    await hub.spawner.kill('joan');
    await browser.get('/hub/home');
    expect(['stopping', 'stopped']).toContain(seen.home?.defaultServer.phase);
  });

  it('lists services the viewer may open, and no others (W100)', async () => {
    await hub.user('karen');
    await hub.sql`WITH role AS (INSERT INTO roles (name, description, scopes)
        VALUES ('opens', '', '["access:services!service=open"]') RETURNING id)
      INSERT INTO user_roles (user_id, role_id) SELECT users.id, role.id FROM users, role WHERE users.name = 'karen'`;
    await (await hub.signIn('karen')).get('/hub/home');
    expect(seen.context?.services.map(({ name }) => name)).toEqual(['open']);
  });
});

describe('the token page (W15, W126)', () => {
  it('shows tokens by last use and applications by name, and what may be put into a new one', async () => {
    const browser = await hub.signIn('ida');
    const owner = await hub.users.get('ida');
    if (!owner) throw new Error('no ida');
    for (const note of ['first', 'second']) await hub.tokens.create(tester, owner, { note });
    await hub.clients.put({
      identifier: 'service-demo',
      description: 'A demo',
      secret: 'demo',
      redirectUri: '/x',
      allowedScopes: [],
    });
    for (const scope of ['read:users:name!user', 'read:users:groups!user']) {
      await hub.tokenStore.add({
        ownerKind: 'user',
        ownerId: owner.id,
        hash: scope,
        prefix: 'demo',
        clientId: 'service-demo',
        sessionId: null,
        note: '',
        scopes: [scope],
        expiresIn: 3600,
      });
    }
    expect((await browser.get('/hub/token')).status).toBe(200);
    expect(seen.token?.tokens.map(({ note }) => note)).toEqual(['second', 'first']);
    expect(seen.token?.clients).toMatchObject([
      { description: 'A demo', scopes: ['read:users:groups!user', 'read:users:name!user'] },
    ]);
    expect(seen.token?.clients[0]?.tokenIds).toHaveLength(2);
    expect(seen.token).toMatchObject({ maxLifetime: 3600, apiUrl: '/hub/api/users/ida/tokens' });
    expect(seen.token?.loginsUrl).toBe('/hub/api/users/ida/logins');
    expect(seen.token?.logins).toEqual([
      {
        id: expect.stringMatching(/^l\d+$/),
        browser: expect.any(String),
        address: '127.0.0.1',
        signedInWith: null,
        lastActive: expect.stringMatching(/Z$/),
        current: true,
        apiUrl: expect.stringMatching(/^\/hub\/api\/users\/ida\/logins\/l\d+$/),
      },
    ]);
    expect(seen.token?.scopes).toContainEqual({
      scope: 'servers!user=ida',
      description: expect.any(String),
      filter: 'only you',
    });
  });
});

describe('files of the look (W20)', () => {
  it('are sent with their type, to be asked about again or kept by their address', async () => {
    const { status, headers, text } = await hub.browser().get('/hub/static/hub.css');
    expect([status, text, headers['content-type'], headers['cache-control']]).toEqual([
      200,
      'a{}',
      'text/css; charset=utf-8',
      'no-cache',
    ]);
    expect(headers['set-cookie']).toBeUndefined();
    const kept = await hub.browser().get('/hub/static/hub.css?v=abc');
    expect(kept.headers['cache-control']).toBe('max-age=315360000');
    expect(new Date(kept.headers.expires ?? '').getFullYear()).toBe(new Date().getFullYear() + 10);
    const etag = headers.etag ?? '';
    expect((await hub.browser().get('/hub/static/hub.css', { 'if-none-match': etag })).status).toBe(304);
  });

  it.each([
    ['/hub/static/nope.css?v=1', 404],
    ['/hub/static/sub', 404],
    ['/hub/static/', 404],
    ['/hub/static/..%2f..%2fapp.py', 403],
    ['/hub/static/../app.py', 403],
    ['/hub/static/%2e%2e/app.py', 403],
    ['/hub/static/..%2fstatic-secrets%2fkey', 403],
    ['/hub/static//etc/passwd', 404],
    ['/hub/static/%00', 400],
  ])('%s is %i', async (url, expected) => {
    const { status, headers, text } = await raw(url);
    expect(status).toBe(expected);
    expect(text).not.toContain('secret');
    expect(headers.expires).toBeUndefined();
  });

  it.each([
    ['/hub/logo', 'image/svg+xml'],
    ['/favicon.ico', 'image/vnd.microsoft.icon'],
  ])('%s is an image, for GET and HEAD', async (url, type) => {
    for (const method of ['GET', 'HEAD']) {
      const { status, headers } = await hub.browser().request(method, url);
      expect([status, headers['content-type']]).toEqual([200, type]);
    }
  });
});

describe('errors for the proxy (W34)', () => {
  it('are pages that succeed, know nobody, and set no cookie', async () => {
    const ada = await hub.signIn('ada');
    const { status, text, headers } = await ada.get('/hub/error/503?url=%2Fuser%2F%3Cb%3E');
    expect(status).toBe(200);
    expect(text).toContain('503 : Service Unavailable');
    expect(text).toContain('/user/&lt;b&gt;');
    expect(text).not.toContain('Sign out');
    expect(headers['set-cookie']).toBeUndefined();
  });

  it.each(['200', '1000', 'x', '404%2f'])('are none for %s', async (code) => {
    expect((await hub.browser().get(`/hub/error/${code}`)).status).toBe(404);
  });
});

describe('reports of browsers (W116)', () => {
  it.each(['application/csp-report', 'application/reports+json', 'application/json'])(
    'are taken from anybody as %s',
    async (type) => {
      const body = JSON.stringify({ 'csp-report': { 'blocked-uri': 'https://x.example/?token=1' } });
      const headers = { 'content-type': type };
      const answer = await hub.browser().request('POST', '/hub/security/csp-report', { headers, body });
      expect(answer.status).toBe(204);
    },
  );

  it('of another type, or too long, are refused', async () => {
    const send = (type: string, body: string) =>
      hub.browser().request('POST', '/hub/security/csp-report', { headers: { 'content-type': type }, body });
    expect((await send('text/plain', '{}')).status).toBe(400);
    expect((await send('application/csp-report', `"${'x'.repeat(70_000)}"`)).status).toBe(413);
    expect((await send('application/csp-report', 'no json')).status).toBe(204);
  });

  it('are written to the log briefly, without queries, and not without end', async () => {
    const lines: object[] = [];
    const log = { ...hub.deps.log, warn: (fields: object) => void lines.push(fields) };
    await using noisy = await openPageHub({ deps: { log } });
    const report = {
      'document-uri': 'http://h/hub/home?token=secret',
      'blocked-uri': 'x'.repeat(500),
      'violated-directive': 'script-src',
    };
    const body = JSON.stringify(Array.from({ length: 50 }, () => ({ body: report })));
    const headers = { 'content-type': 'application/reports+json' };
    for (let i = 0; i < 2; i++) {
      await noisy.browser().request('POST', '/hub/security/csp-report', { headers, body });
    }
    expect(lines).toHaveLength(30);
    expect(lines[0]).toEqual({
      page: 'http://h/hub/home',
      blocked: 'x'.repeat(200),
      directive: 'script-src',
      source: undefined,
    });
  });
});

describe('every page', () => {
  it('says who may use it', () => {
    expect(hub.routes.filter((route) => !saysWhoMay(route))).toEqual([]);
  });

  it('knows the hub, the viewer and the token of the browser (W120)', async () => {
    const ada = await hub.signIn('ada');
    await ada.get('/hub/home');
    expect(seen.context).toMatchObject({
      baseUrl: '/hub/',
      prefix: '/',
      user: { name: 'ada' },
      loginUrl: '/hub/login',
      logoutUrl: '/hub/logout',
      xsrfToken: ada.cookie('_xsrf'),
      adminAccess: false,
    });
    expect(seen.context?.staticUrl('hub.css')).toBe('/hub/static/hub.css?v=abc');
    expect(seen.context?.expandedScopes).toContain('servers!user=ada');
  });

  it('escapes names of people and servers (W131)', async () => {
    const name = '"><img src=x>';
    const browser = await hub.signIn(name);
    const owner = await hub.users.get(name);
    if (!owner) throw new Error('no such user');
    await hub.addServer(owner, 'gpu', '<i>GPU</i>');
    const quoted = encodeURIComponent(name);
    for (const url of [
      '/hub/home',
      '/hub/token',
      `/hub/user/${quoted}/`,
      `/hub/spawn-pending/${quoted}/gpu`,
    ]) {
      const { text, status } = await browser.get(url);
      expect([url, status < 500]).toEqual([url, true]);
      expect(text).not.toMatch(/<img|<i>/);
    }
  });
});

/** A request for exactly this path: `URL` would put it straight first. */
function raw(path: string) {
  return new Promise<{ status: number; headers: http.IncomingHttpHeaders; text: string }>(
    (resolve, reject) => {
      const { hostname, port } = new URL(hub.origin);
      const request = http.get({ hostname, port, path }, async (response) => {
        const text = Buffer.concat(await response.toArray()).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
      request.on('error', reject);
    },
  );
}
