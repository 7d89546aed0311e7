import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestClient } from '../../../testing/src/index.ts';
import { type ApiHub, openApiHub } from '../support/api-hub.ts';

let api: ApiHub;
let ben: TestClient;
beforeAll(async () => {
  api = await openApiHub({ servers: { named: true, limit: 6, slowStart: 5, slowStop: 5 } });
  ben = await api.user('ben');
});
afterAll(() => api[Symbol.asyncDispose]());

const status = async (answer: Promise<{ status: number }>) => (await answer).status;
const refused = async (answer: Promise<{ status: number; json: Record<string, unknown> }>) => {
  const { status: code, json } = await answer;
  return [code, json.message];
};
const rows = async (user: string) =>
  (
    await api.sql`SELECT s.name FROM servers s JOIN users u ON u.id = s.user_id WHERE u.name = ${user} ORDER BY 1`
  ).map((row) => row.name);

describe('who may do what with servers', () => {
  it.each([
    ['GET', ''],
    ['PUT', ''],
    ['POST', ''],
    ['PATCH', ''],
    ['DELETE', ''],
    ['GET', '/progress'],
  ] as const)('%s …%s: 403 without the scope, 404 for others, both paths (R128)', async (method, tail) => {
    const without = await api.service(['read:hub']);
    const other = await api.service(['servers!user=nobody']);
    for (const path of [`/users/ben/server${tail}`, `/users/ben/servers/lab${tail}`]) {
      expect(await status(api.stranger.api(method, path))).toBe(403);
      expect(await status(without.api(method, path))).toBe(403);
      expect(await refused(other.api(method, path))).toEqual([
        404,
        'No access to resources or resources not found',
      ]);
    }
  });

  it('a filter of one server reaches that one only, and not its owner (R126)', async () => {
    await ben.api('PUT', '/users/ben/servers/seen');
    const caller = await api.service(['servers!server=ben/seen', 'admin:server_state!server=ben/seen']);
    expect((await caller.api('GET', '/users/ben/servers/seen')).json).toHaveProperty('state');
    expect((await ben.server('seen')).json).not.toHaveProperty('state');
    expect(await status(caller.api('GET', '/users/ben/servers/other'))).toBe(404);
    expect(await status(caller.api('GET', '/users/ben/server'))).toBe(404);
    expect(await status(caller.api('GET', '/users/ben'))).toBe(404);
    await ben.stopServer('seen', { remove: true });
  });
});

describe('reading a server', () => {
  it('works for a default server that never ran, and writes nothing (R74, section 2.2)', async () => {
    const { status: code, json } = await ben.server();
    expect(code).toBe(200);
    expect(json).toEqual({
      name: '',
      display_name: '',
      full_name: 'ben/',
      last_activity: null,
      started: null,
      pending: null,
      ready: false,
      stopped: true,
      url: '/user/ben/',
      user_options: null,
      progress_url: '/hub/api/users/ben/server/progress',
      full_url: null,
      full_progress_url: null,
    });
    expect(await rows('ben')).toEqual([]);
    expect((await ben.api('GET', '/users/ben/servers/')).json).toEqual(json); // R1
    expect(await status(ben.api('GET', '/users/ben/servers'))).toBe(404);
    expect(await status(ben.server('zz'))).toBe(404);
    expect(await status(api.ada.api('GET', '/users/zzz/server'))).toBe(404);
    expect(await status(ben.api('GET', '/users/ben/server/progress'))).toBe(404); // R91
    expect(await status(ben.api('GET', '/users/ben/servers/zz/progress'))).toBe(404);
  });
});

describe('creating without starting', () => {
  it('makes a stopped server once (R77)', async () => {
    const created = await ben.api('PUT', '/users/ben/servers/n1', {
      display_name: 'My lab',
      user_options: { a: 1 },
    });
    expect([created.status, created.json]).toEqual([
      201,
      expect.objectContaining({
        name: 'n1',
        display_name: 'My lab',
        stopped: true,
        user_options: { a: 1 },
        progress_url: '/hub/api/users/ben/servers/n1/progress',
      }),
    ]);
    expect(await refused(ben.api('PUT', '/users/ben/servers/n1'))).toEqual([
      409,
      'User ben already has server n1',
    ]);
    expect(await refused(ben.api('PUT', '/users/ben/server'))).toEqual([
      409,
      'User ben already has a default server',
    ]);
    expect((await ben.api('PUT', '/users/ben/servers/n2', { display_name: '' })).json.display_name).toBe(
      'n2',
    );
    expect((await ben.api('PUT', '/users/ben/servers/n3', { anything: 1 })).json.user_options).toEqual({
      anything: 1,
    }); // R75
  });

  it.each([
    ['Bad_Name', undefined, "Invalid server_name: 'Bad_Name'"],
    ['n9', { display_name: ' x ' }, "Invalid display_name: ' x '"],
    ['n9', { display_name: 1 }, 'display_name must be a string'],
    ['n9', { display_name: null }, 'display_name must be a string'],
    ['n9', { user_options: [] }, 'user_options must be an object or null'],
    ['n9', [1], 'Body must be a JSON object'],
    ['n9', 'text', 'Invalid JSON in body of request'],
    [
      'n9',
      { user_options: { deep: [{ __jupyterhub_bytes__: true }] } },
      expect.stringContaining('__jupyterhub_'),
    ],
  ])('refuses %s with %j, for PUT and POST (R75, R78, R172)', async (name, body, message) => {
    for (const method of ['PUT', 'POST'] as const) {
      expect(await refused(ben.api(method, `/users/ben/servers/${name}`, body))).toEqual([400, message]);
    }
    expect(await rows('ben')).not.toContain(name);
  });

  it('makes it once, and never more than the limit, when many ask at once (R77, R78)', async () => {
    const may = await api.user('may');
    const same = await Promise.all(
      Array.from({ length: 5 }, () => status(may.api('PUT', '/users/may/servers/one'))),
    );
    expect(same.sort()).toEqual([201, 409, 409, 409, 409]);
    const many = await Promise.all(
      Array.from({ length: 10 }, (_, n) => status(may.api('PUT', `/users/may/servers/n${n}`))),
    );
    expect(many.filter((code) => code === 201)).toHaveLength(5);
    expect(await rows('may')).toHaveLength(6);
    expect(await api.trail('server:may/one')).toEqual(['server.create']);
  });

  it('stops at the limit, not counting the default server (R78)', async () => {
    const max = await api.user('max');
    for (const n of [1, 2, 3, 4, 5, 6]) {
      expect(await status(max.api('PUT', `/users/max/servers/s${n}`))).toBe(201);
    }
    const limit = [
      400,
      'User max already has the maximum of 6 named servers.  One must be deleted before a new server can be created',
    ];
    expect(await refused(max.api('PUT', '/users/max/servers/s7'))).toEqual(limit);
    expect(await refused(max.startServer('s7'))).toEqual(limit);
    expect(await status(max.startServer('s6'))).toBe(201);
    expect(await status(max.startServer())).toBe(201);
    expect(await refused(max.api('PATCH', '/users/max/server', { name: 'was-default' }))).toEqual(limit);
  });
});

describe('starting and stopping', () => {
  it('keeps the options of the last start (R75, R76), answers empty text (R5, R80, R81)', async () => {
    const kim = await api.user('kim');
    const started = await kim.startServer('', { user_options: { size: 'big' } });
    expect([started.status, started.text, started.headers['content-type']]).toEqual([201, '', 'text/plain']);
    expect((await kim.server()).json).toMatchObject({ ready: true, user_options: { size: 'big' } });
    expect(await refused(kim.startServer())).toEqual([400, 'kim is already running']);
    const stopped = await kim.stopServer();
    expect([stopped.status, stopped.text, stopped.headers['content-type']]).toEqual([204, '', undefined]);
    expect(await status(kim.stopServer())).toBe(204); // R83
    expect(await status(kim.startServer())).toBe(201);
    expect((await kim.server()).json.user_options).toEqual({ size: 'big' });
    await kim.stopServer();
    await kim.api('PUT', '/users/kim/servers/lab');
    expect(await status(kim.startServer('lab', { display_name: 'Shown' }))).toBe(201);
    expect((await kim.server('lab')).json).toMatchObject({ display_name: 'Shown' });
    expect(await status(kim.startServer('', { size: 'small' }))).toBe(201);
    expect((await kim.server()).json.user_options).toEqual({ size: 'small' });
  });

  it('removes a named server with all of it, never the default one (R83)', async () => {
    const lou = await api.user('lou');
    await lou.startServer('tmp');
    expect(await refused(lou.stopServer('', { remove: true }))).toEqual([
      400,
      'Cannot delete the default server',
    ]);
    expect(await refused(lou.stopServer('tmp', { remove: 'yes' }))).toEqual([
      400,
      'remove must be true or false',
    ]);
    expect(await status(lou.stopServer('tmp', { remove: true }))).toBe(204);
    await api.hub.until(async () => (await rows('lou')).length === 0 || (await rows('lou')).join() === '');
    expect(await refused(lou.stopServer('tmp'))).toEqual([404, "lou has no server named 'tmp'"]);
  });
});

describe('changing a stopped server (R82)', () => {
  const patch = (name: string, body?: unknown) =>
    ben.api('PATCH', name === '' ? '/users/ben/server' : `/users/ben/servers/${name}`, body);

  it('renames with its shares and every stored filter, and keeps the display name', async () => {
    await ben.api('PUT', '/users/ben/servers/old', { display_name: 'Kept' });
    await api.ada.api('POST', '/shares/ben/old', { user: 'ada' });
    const { json: narrow } = await ben.api('POST', '/users/ben/tokens', {
      scopes: ['servers!server=ben/old', 'servers!server=ben/older'],
    });
    const answer = await patch('old', { name: 'new', user_options: { x: 1 } });
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json; charset=UTF-8']);
    expect(answer.json).toMatchObject({ name: 'new', display_name: 'Kept', user_options: { x: 1 } });
    expect(await status(ben.server('old'))).toBe(404);
    const [row] = await api.sql`SELECT scopes FROM tokens WHERE id = ${String(narrow.id).slice(1)}`;
    expect(row?.scopes).toEqual(['servers!server=ben/new', 'servers!server=ben/older']);
    expect(JSON.stringify((await api.ada.api('GET', '/shares/ben/new')).json)).toContain(
      'access:servers!server=ben/new',
    );
    expect(await api.trail('server:ben/new')).toContain('server.change');
  });

  it('changes options and display name of the default server, and can make it a named one', async () => {
    expect((await patch('', { user_options: { a: 1 } })).json).toMatchObject({
      name: '',
      user_options: { a: 1 },
    });
    expect((await patch('', { display_name: 'Mine' })).json).toMatchObject({ display_name: 'Mine' });
    expect((await patch('', { name: 'former' })).json).toMatchObject({
      name: 'former',
      user_options: { a: 1 },
    });
    expect((await ben.server()).json).toMatchObject({ name: '', user_options: null });
  });

  it.each([
    [undefined, 'Must specify at least one field to modify.'],
    [{}, 'Must specify at least one field to modify.'],
    [[], 'Body must be a JSON object'],
    [{ colour: 1 }, 'Unexpected fields: colour, supported fields: name, display_name, user_options'],
    [{ user_options: null }, expect.stringMatching(/^user_options must be of type object.*, not null$/)],
    [{ name: 1 }, expect.stringMatching(/^name must be of type string.*, not number$/)],
    [{ name: 'Bad_Name' }, "Invalid server_name: 'Bad_Name'"],
    [{ display_name: '  ' }, "Invalid display_name: '  '"],
    [{ user_options: { __jupyterhub_bytes__: 1 } }, expect.stringContaining('reserved')],
  ])('refuses %j', async (body, message) => {
    expect(await refused(patch('n1', body))).toEqual([400, message]);
    expect((await ben.server('n1')).json).toMatchObject({ name: 'n1', display_name: 'My lab' });
  });

  it('refuses an unknown server, a taken name and an active one', async () => {
    expect(await refused(patch('zz', { name: 'yy' }))).toEqual([404, 'User ben has no such server zz']);
    expect(await refused(patch('n1', { name: 'n2' }))).toEqual([409, "User ben already has server 'n2'"]);
    expect(await refused(patch('n1', { name: 'n1' }))).toEqual([409, "User ben already has server 'n1'"]);
    expect(await refused(patch('n1', { name: '' }))).toEqual([409, "User ben already has server ''"]);
    expect(await status(patch('n1', { name: null, display_name: null }))).toBe(200);
    expect(await refused(ben.api('GET', '/users/ben/servers/n1/progress'))).toEqual([
      400,
      'ben:n1 is not starting...',
    ]); // R91
    await ben.startServer('n1');
    expect(await refused(patch('n1', { display_name: 'Other' }))).toEqual([
      400,
      'ben:n1 is active. Please stop it before modifying it.',
    ]);
    await ben.stopServer('n1');
  });
});

it('without named servers only the default one is there (R78, R82, R83)', async () => {
  const plain = await openApiHub();
  try {
    const eve = await plain.user('eve');
    const off = [400, 'Named servers are not enabled.'];
    expect(await refused(eve.api('PUT', '/users/eve/servers/x'))).toEqual(off);
    expect(await refused(eve.startServer('x'))).toEqual(off);
    expect(await refused(eve.stopServer('x'))).toEqual(off);
    expect(await refused(eve.api('PATCH', '/users/eve/server', { display_name: 'x' }))).toEqual(off);
    expect(await refused(eve.api('PATCH', '/users/eve/server', { name: 'x' }))).toEqual(off);
    expect(await status(eve.api('PATCH', '/users/eve/server', { user_options: {} }))).toBe(200);
    expect(await status(eve.startServer('', { display_name: 'tolerated' }))).toBe(201);
  } finally {
    await plain[Symbol.asyncDispose]();
  }
});
