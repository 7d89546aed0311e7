import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestHub, type TestHub } from '../../../testing/src/index.ts';

const bossSecret = 'boss-secret-0001';
const plainSecret = 'plain-secret-0001';

let hub: TestHub;
let web: Server;
let webUrl: string;
let status = 200;
beforeAll(async () => {
  web = createServer((_request, answer) => void answer.writeHead(status).end());
  await new Promise<void>((done) => web.listen(0, '127.0.0.1', done));
  webUrl = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  hub = await createTestHub({
    bindUrl: 'http://127.0.0.1:8000/pre/',
    roles: [
      { name: 'reader', scopes: ['list:services!service=web', 'read:services!service=web'], users: ['ada'] },
      { name: 'crosswise', scopes: ['list:services!user=ada'], users: ['cyd'] },
      { name: 'keeper', scopes: ['admin:services'], services: ['keeper'] },
      { name: 'visitor', scopes: ['access:services!service=web'], users: ['ada'] },
      { name: 'token', scopes: ['read:users!user'] },
    ],
    customScopes: { 'custom:app:read': { description: 'Read in the app' } },
    services: [
      { name: 'boss', apiToken: bossSecret, admin: true },
      { name: 'plain', apiToken: plainSecret },
      { name: 'keeper', apiToken: 'keeper-secret-0001' },
      { name: 'web', url: `${webUrl}/ignored`, info: { team: 'x' }, timeout: 1, apiToken: 'web-secret-0001' },
      { name: 'hidden', url: webUrl, display: false },
    ],
    serviceCheckSeconds: 1,
  });
});
afterAll(async () => {
  await hub?.[Symbol.asyncDispose]();
  web.close();
});

const api = (
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  { token = bossSecret, body }: { token?: string; body?: unknown } = {},
) => hub.request(method, `/pre/hub/api${path}`, { token, body });

const webModel = {
  kind: 'service',
  name: 'web',
  admin: false,
  roles: [],
  url: '',
  prefix: '/pre/services/web/',
  command: [],
  pid: 0,
  info: { team: 'x' },
  display: true,
};

describe('who am I, for a service', () => {
  it('tells name and scopes, and more only with the scope (R45, R46)', async () => {
    expect((await api('GET', '/user', { token: plainSecret })).json).toEqual({
      kind: 'service',
      name: 'plain',
      admin: false,
      token_id: expect.stringMatching(/^a\d+$/),
      session_id: null,
      scopes: [],
    });
    const boss = (await api('GET', '/user')).json;
    expect(boss).toMatchObject({ name: 'boss', admin: true, roles: ['admin'], url: '', display: true });
    expect(boss.scopes).toContain('admin:users');
  });
});

describe('reading services', () => {
  it('lists them by name, each as far as the caller sees it (R108)', async () => {
    const all = (await api('GET', '/services')).json;
    expect(Object.keys(all).toSorted()).toEqual(['boss', 'hidden', 'keeper', 'plain', 'web']);
    expect(all.web).toEqual({ ...webModel, url: `${webUrl}/ignored` });

    const token = await hub.hub.users.get('ada').then((ada) => {
      if (!ada) throw new Error('no ada');
      return hub.hub.tokens.create({ kind: 'hub', name: 'test' }, ada, { scopes: ['inherit'] });
    });
    const some = (await api('GET', '/services', { token: token.token })).json;
    expect(Object.keys(some)).toEqual(['web']);
    expect(some.web).not.toHaveProperty('roles');
    expect((await api('GET', '/services/web', { token: token.token })).status).toBe(200);
    // There or not: the same answer (R128).
    for (const name of ['boss', 'nobody']) {
      const hidden = await api('GET', `/services/${name}`, { token: token.token });
      expect([hidden.status, hidden.json.message]).toEqual([
        404,
        'No access to resources or resources not found',
      ]);
    }
  });

  it('lists nothing for a filter that means no service, and refuses who may not (R129)', async () => {
    const cyd = await hub.hub.users.get('cyd');
    if (!cyd) throw new Error('no cyd');
    const { token } = await hub.hub.tokens.create({ kind: 'hub', name: 'test' }, cyd, {
      scopes: ['inherit'],
    });
    // R129: a filter that means no service matches none; it is users and groups that refuse it.
    const crosswise = await api('GET', '/services', { token });
    expect([crosswise.status, crosswise.json]).toEqual([200, {}]);
    expect((await api('GET', '/services', { token: plainSecret })).status).toBe(403);
    const unknown = await api('GET', '/services/nope');
    expect([unknown.status, unknown.json.message]).toEqual([404, 'No such service: nope']);
  });
});

describe('a service made while the hub runs', () => {
  it('works at once, with token, client and route, and goes as a whole (R109, R111)', async () => {
    const body = {
      url: 'http://127.0.0.1:9/path',
      api_token: 'guest-secret-01',
      info: { a: 1 },
      oauth_no_confirm: true,
      oauth_client_allowed_scopes: ['read:users!user'],
    };
    const made = await api('POST', '/services/guest', { body });
    expect([made.status, made.json]).toEqual([
      201,
      expect.objectContaining({
        name: 'guest',
        url: body.url,
        prefix: '/pre/services/guest/',
        info: { a: 1 },
      }),
    ]);
    expect((await api('GET', '/user', { token: 'guest-secret-01' })).json).toMatchObject({ name: 'guest' });
    expect(hub.proxy.routes.get('/pre/services/guest/')).toEqual({
      spec: '/pre/services/guest/',
      target: 'http://127.0.0.1:9',
      data: { service: 'guest' },
    });
    expect((await api('POST', '/services/guest', { body })).status).toBe(409);

    const gone = await api('DELETE', '/services/guest');
    expect([gone.status, gone.text]).toEqual([200, '']);
    expect((await api('GET', '/user', { token: 'guest-secret-01' })).status).toBe(403);
    expect(hub.proxy.routes.has('/pre/services/guest/')).toBe(false);
    expect((await api('DELETE', '/services/guest')).status).toBe(404);
  });

  it.each([
    ['nothing', undefined],
    ['an empty object', {}],
    ['a list', ['url']],
    ['an unknown key', { api_tokens: 'x' }],
    ['a wrong type', { admin: 'yes' }],
    ['a command', { command: ['sleep'] }],
    ['another scheme', { url: 'file:///etc/passwd' }],
    ['a short token', { api_token: 'short' }],
    ['a client id of a user', { url: 'http://x', oauth_client_id: 'jupyterhub-user-ada' }],
    ['an external client without redirect', { oauth_client_id: 'service-bad', api_token: 'bad-secret-01' }],
    ['an unknown scope', { url: 'http://x', oauth_client_allowed_scopes: ['bogus'] }],
    ['a scope the caller has not got', { url: 'http://x', oauth_client_allowed_scopes: ['custom:app:read'] }],
    ['a scope list with numbers', { url: 'http://x', oauth_client_allowed_scopes: [1] }],
  ])('is refused, leaving nothing, for %s (R109, R110)', async (_what, body) => {
    expect((await api('POST', '/services/bad', { body })).status).toBe(400);
    expect((await api('GET', '/services/bad')).status).toBe(404);
  });

  it('is given nothing its maker has not got (R110)', async () => {
    const token = 'keeper-secret-0001';
    const admin = await api('POST', '/services/bad', { token, body: { admin: true } });
    expect([admin.status, admin.json.message]).toEqual([400, expect.stringContaining('admin:users')]);
    const scopes = { url: 'http://x', oauth_client_allowed_scopes: ['read:users!user'] };
    expect((await api('POST', '/services/bad', { token, body: scopes })).status).toBe(400);
    expect((await api('POST', '/services/fine', { token, body: { info: { a: 1 } } })).status).toBe(201);
    expect((await api('POST', '/services/x', { token: plainSecret, body: {} })).status).toBe(403);
    await api('DELETE', '/services/fine', { token });
  });

  it('leaves nothing when its token or client is taken', async () => {
    expect((await api('POST', '/services/bad', { body: { api_token: plainSecret } })).status).toBe(409);
    const body = { url: 'http://x', oauth_client_id: 'service-web' };
    expect((await api('POST', '/services/bad', { body })).status).toBe(409);
    expect((await api('GET', '/services/bad')).status).toBe(404);
  });

  it('cannot be one of the configuration, nor end it (R111)', async () => {
    const refused = await api('DELETE', '/services/web');
    expect([refused.status, refused.json.message]).toEqual([405, 'Service web is not modifiable at runtime']);
    expect((await api('POST', '/services/web', { body: { info: { a: 1 } } })).status).toBe(409);
  });
});

describe('routes and health', () => {
  it('leads to the origin of a url, under its prefix (W96)', () => {
    expect(hub.proxy.routes.get('/pre/services/web/')).toMatchObject({
      target: webUrl,
      data: { service: 'web' },
    });
    expect(hub.proxy.routes.has('/pre/services/boss/')).toBe(false);
  });

  it('tells once that a service does not answer, and when it is back (P508)', async () => {
    const lines = (message: string) =>
      hub.log.filter((line) => line.message === message && line.fields.service === 'web').length;
    status = 502;
    await hub.until(() => lines('the service does not answer') > 0);
    await new Promise((done) => setTimeout(done, 2_500));
    expect(lines('the service does not answer')).toBe(1);
    status = 404;
    await hub.until(() => lines('the service answers again') === 1);
  });
});

describe('roles of the configuration', () => {
  it('give tokens and custom scopes their meaning (R96, R160)', async () => {
    const ada = await hub.hub.users.get('ada');
    if (!ada) throw new Error('no ada');
    const byDefault = await hub.hub.tokens.create({ kind: 'hub', name: 'test' }, ada, {});
    expect(byDefault.record.scopes).toEqual(['read:users!user']);
    const asRole = await api('POST', '/users/ada/tokens', { body: { roles: ['visitor'] } });
    expect([asRole.status, asRole.json.scopes]).toEqual([
      201,
      expect.arrayContaining(['access:services!service=web']),
    ]);
    const bogus = await api('POST', '/users/ada/tokens', { body: { scopes: ['custom:app:none'] } });
    expect(bogus.json.message).toContain('does not exist');
    const held = await api('POST', '/users/ada/tokens', { body: { scopes: ['custom:app:read'] } });
    expect(held.json.message).toContain('not held');
  });
});
