import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHub, itemsOf, namesIn, openApiHub } from '../support/api-hub.ts';

let api: ApiHub;
beforeAll(async () => {
  api = await openApiHub({ servers: { named: true, slowStart: 5, slowStop: 5 } });
});
afterAll(() => api[Symbol.asyncDispose]());

const status = async (answer: Promise<{ status: number }>) => (await answer).status;
const refused = async (answer: Promise<{ status: number; json: Record<string, unknown> }>) => {
  const { status: code, json } = await answer;
  return [code, json.message];
};

describe('who may ask about users', () => {
  it.each([
    ['GET', '/users'],
    ['POST', '/users'],
    ['GET', '/users/ada'],
    ['POST', '/users/new'],
    ['PATCH', '/users/ada'],
    ['DELETE', '/users/ada'],
    ['POST', '/users/ada/activity'],
    ['POST', '/users/ada/admin-access'],
    ['GET', '/users/ada/shared'],
  ] as const)('%s %s: a stranger 403, a caller without the scope 403 (R16, R128)', async (method, path) => {
    expect(await refused(api.stranger.api(method, path, {}))).toEqual([
      403,
      'Missing or invalid credentials.',
    ]);
    const nobody = await api.service(['read:hub']);
    const [code, message] = await refused(nobody.api(method, path, {}));
    expect([code, message]).toEqual([403, expect.stringMatching(/^Action is not authorized.*any of \[/)]);
  });

  it.each([
    ['GET', 'read:users'],
    ['PATCH', 'admin:users'],
    ['DELETE', 'delete:users'],
  ] as const)(
    '%s with %s for another user: 404, the same for one that is not there (R128)',
    async (method, scope) => {
      await api.user('bea');
      const caller = await api.service([`${scope}!user=nobody-else`]);
      const gone = 'No access to resources or resources not found';
      expect(await refused(caller.api(method, '/users/bea', {}))).toEqual([404, gone]);
      expect(await refused(caller.api(method, '/users/zzz', {}))).toEqual([404, gone]);
    },
  );

  it('looks at the body only after the scope (R128)', async () => {
    const caller = await api.service(['read:hub']);
    expect(await status(caller.api('PATCH', '/users/ada', '{nonsense'))).toBe(403);
    expect(await status(api.ada.api('PATCH', '/users/ada', '{nonsense'))).toBe(400);
  });

  it('shows each field by its scope only (R38, section 2.1)', async () => {
    await api.user('cleo');
    const fields = async (...scopes: string[]) =>
      Object.keys((await (await api.service(scopes)).api('GET', '/users/cleo')).json).sort();
    expect(await fields('read:users:name')).toEqual(['admin', 'kind', 'name', 'user_info']);
    expect(await fields('read:users:groups')).toEqual(['groups', 'kind', 'name']);
    expect(await fields('read:users:activity')).toEqual(['kind', 'last_activity', 'name']);
    expect(await fields('read:roles:users')).toEqual(['admin', 'kind', 'name', 'roles']);
    expect(await fields('admin:users')).toContain('auth_state');
    expect(await fields('read:users')).not.toContain('auth_state');
  });
});

describe('the list of users', () => {
  let lists: ApiHub;
  beforeAll(async () => {
    lists = await openApiHub();
    await lists.ada.api('POST', '/users', { usernames: ['u1', 'u_2', 'u%3', "o'neil", 'q"uote', 'ünal'] });
  });
  afterAll(() => lists[Symbol.asyncDispose]());
  const list = (query: string) => lists.ada.api('GET', `/users${query}`);
  const names = async (query: string) => namesIn(JSON.parse((await list(query)).text));

  it('comes in pages with the right total (R32–R35)', async () => {
    const accept = 'application/jupyterhub-pagination+json';
    const first = await lists.hub.request('GET', '/hub/api/users?limit=3&name_filter=&x=1', {
      token: lists.ada.token,
      headers: { accept },
    });
    expect(first.json._pagination).toMatchObject({ offset: 0, limit: 3, total: 7 });
    expect(JSON.stringify(first.json._pagination)).toContain('x=1');
    const last = await lists.hub.request('GET', '/hub/api/users?offset=6', {
      token: lists.ada.token,
      headers: { accept },
    });
    expect(last.json._pagination).toEqual({ offset: 6, limit: 50, total: 7, next: null });
    expect(await names('?offset=-2&limit=2')).toEqual(['u_2', 'u%3']);
    expect(await names('?limit=0')).toEqual(['ada']);
    expect(await names('?offset=99999999999999999999999')).toEqual([]);
    for (const query of ['?limit=x', '?offset=1.5', '?limit=', '?offset=1e3', '?limit=%00']) {
      expect(await status(list(query))).toBe(400);
    }
  });

  it('takes name_filter as text, not as a pattern (R51, section 10)', async () => {
    expect(await names('?name_filter=%25')).toEqual(['u%3']);
    expect(await names('?name_filter=_')).toEqual(['u_2']);
    expect(await names('?name_filter=%27')).toEqual(["o'neil"]);
    expect(await names('?name_filter=%22')).toEqual(['q"uote']);
    expect(await names('?name_filter=U_')).toEqual(['u_2']);
    expect(await names('?name_filter=%C3%BC')).toEqual(['ünal']);
    expect(await names('?name_filter=%5C')).toEqual([]);
    expect((await names('?name_filter=')).length).toBe(7);
  });

  it('refuses what it does not know, naming it (R50, R52)', async () => {
    expect(await refused(list('?state=odd'))).toEqual([400, "Unrecognized state filter: 'odd'"]);
    expect(await refused(list('?sort=admin'))).toEqual([
      400,
      "sort must be 'id', 'name', or 'last_activity', not 'admin'",
    ]);
    expect(await status(list('?state=odd&state=ready'))).toBe(200);
  });

  it('holds only whom the caller may list, also in the total (R54, R129, section 10)', async () => {
    await lists.ada.api('POST', '/groups', { groups: ['g'], users: ['u1'] });
    const caller = await lists.service([
      'list:users!group=g',
      'list:users!user=u_2',
      'read:users:activity!user=u1',
    ]);
    const answer = await lists.hub.request('GET', '/hub/api/users?limit=1', {
      token: caller.token,
      headers: { accept: 'application/jupyterhub-pagination+json' },
    });
    expect(namesIn(answer.json)).toEqual(['u1']);
    expect(answer.json._pagination).toMatchObject({ total: 2 });
    const [both] = itemsOf({ items: JSON.parse((await caller.api('GET', '/users')).text) });
    expect(both).toHaveProperty('last_activity'); // R38
    const odd = await lists.service(['list:users!server=u1/']);
    expect(await status(odd.api('GET', '/users'))).toBe(403);
  });

  it('counts those with a ready server, not those with any (R37, R55, section 10)', async () => {
    const u1 = await lists.user('u1');
    await u1.startServer();
    expect(await names('?state=ready')).toEqual(['u1']);
    expect(await names('?state=active')).toEqual(['u1']);
    expect(await names('?state=inactive')).not.toContain('u1');
    await u1.stopServer();
    expect(await names('?state=active')).toEqual([]);
    expect(JSON.parse((await list('?name_filter=u1')).text)[0].servers).toEqual({});
    const withStopped = JSON.parse((await list('?name_filter=u1&include_stopped_servers')).text)[0];
    expect(withStopped.servers['']).toMatchObject({ stopped: true, name: '' }); // R39, R40
    const neverStarted = JSON.parse((await list('?name_filter=u_2&include_stopped_servers=1')).text)[0];
    expect(neverStarted.servers['']).toMatchObject({ stopped: true, started: null, user_options: null }); // R176
    const without = JSON.parse((await list('?name_filter=u_2&include_stopped_servers=False')).text)[0];
    expect(without.servers).toEqual({});
  });
});

describe('creating users', () => {
  const create = (body: unknown) => api.ada.api('POST', '/users', body);

  it('makes new ones in the order asked and skips the others (R56–R58)', async () => {
    const { status: code, text } = await create({ usernames: ['Nova', 'ada', 'nils', 'nova'] });
    expect([code, namesIn(JSON.parse(text))]).toEqual([201, ['nova', 'nils']]);
    expect(await refused(create({ usernames: ['nova', 'nils'] }))).toEqual([
      409,
      'All 2 users already exist',
    ]);
    expect(await api.trail('user:nova')).toEqual(['user.create']);
  });

  it.each([
    [undefined],
    [{}],
    [{ usernames: [] }],
    [[]],
    [{ usernames: 'abc' }],
    [{ usernames: [1] }],
    [{ usernames: ['a/b', 'fine'] }],
    [{ usernames: ['fine'], admin: 'yes' }],
    [{ usernames: ['fine'], admin: null }],
    [{ usernames: ['fine'], colour: 1 }],
    [{ usernames: ['\u0000'] }],
  ])('refuses %j and makes nobody (R56, R57)', async (body) => {
    const answer = await create(body);
    expect([answer.status, answer.json.message]).toEqual([400, expect.stringMatching(/.+/)]);
    expect(await status(api.ada.api('GET', '/users/fine'))).toBe(404);
  });

  it('refuses a name not in its normal form and tells which is (R59, section 10)', async () => {
    expect(await refused(api.ada.api('POST', '/users/Upper'))).toEqual([
      400,
      'Username Upper must be written as: upper',
    ]);
    expect(await status(api.ada.api('POST', '/users/upper'))).toBe(201);
    expect(await refused(api.ada.api('POST', '/users/upper'))).toEqual([409, 'User upper already exists']);
  });

  it.each(['sp ace', 'a@b+c', 'semi;colon', '-dash', '_under', 'имя', "o'b%"])(
    'round-trips %s (R178)',
    async (name) => {
      const path = `/users/${encodeURIComponent(name)}`;
      expect(await status(api.ada.api('POST', path))).toBe(201);
      expect((await api.ada.api('GET', path)).json.name).toBe(name);
      expect(await status(api.ada.api('DELETE', path))).toBe(204);
    },
  );

  it('lets a filtered holder make the very user, nobody else (R60)', async () => {
    const caller = await api.service(['admin:users!user=zoe']);
    expect(await status(caller.api('POST', '/users', { usernames: ['zoe'] }))).toBe(403);
    expect(await status(caller.api('POST', '/users/yves'))).toBe(404);
    expect(await status(caller.api('POST', '/users/zoe'))).toBe(201);
  });

  it('lets only administrators make administrators, whatever their scopes (R67)', async () => {
    const plain = await api.service(['admin:users']);
    const admin = await api.service(['admin:users'], { admin: true });
    const guard = [403, 'Only admins can grant admin permissions'];
    expect(await refused(plain.api('POST', '/users', { usernames: ['boss'], admin: true }))).toEqual(guard);
    expect(await refused(plain.api('POST', '/users/boss', { admin: true }))).toEqual(guard);
    expect((await admin.api('POST', '/users/boss', { admin: true })).json).toMatchObject({
      admin: true,
      roles: ['admin', 'user'],
    });
    expect(await refused(plain.api('PATCH', '/users/boss', { name: 'b' }))).toEqual([
      403,
      'Only admins can modify other admins',
    ]);
    expect((await admin.api('PATCH', '/users/boss', { admin: false })).json).toMatchObject({
      admin: false,
      roles: ['user'],
    });
    expect(await refused(plain.api('PATCH', '/users/boss', { admin: true }))).toEqual(guard);
  });
});

describe('changing a user', () => {
  it('renames with everything that is theirs and every stored filter (R62, R63, section 10)', async () => {
    const old = await api.user('rosa');
    const friend = await api.user('friend');
    const watcher = await api.service([
      'read:users!user=rosa',
      'read:servers!server=rosa/',
      'read:users!user=rosamunde',
    ]);
    const { json: narrow } = await old.api('POST', '/users/rosa/tokens', {
      scopes: ['access:servers!server=rosa/', 'read:users:name!user=rosa'],
    });
    await api.ada.api('POST', '/groups', { groups: ['rename'], users: ['rosa'] });
    await api.ada.api('POST', '/shares/rosa/', { user: 'friend' });
    await api.user('rosamunde');

    const answer = await api.ada.api('PATCH', '/users/rosa', { name: 'Rosalind' });
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ name: 'rosalind', groups: ['rename'], auth_state: null });

    expect((await old.api('GET', '/user')).json).toMatchObject({ name: 'rosalind' });
    expect((await old.api('GET', '/user')).json.scopes).toContain('servers!user=rosalind');
    const seen = await api.hub.request('GET', '/hub/api/user', { token: String(narrow.token) });
    expect(seen.json.scopes).toContain('access:servers!server=rosalind/');
    expect(JSON.stringify(seen.json)).not.toMatch(/rosa[/"]/);
    expect(await status(watcher.api('GET', '/users/rosalind'))).toBe(200);
    expect(await status(watcher.api('GET', '/users/rosalind/server'))).toBe(200);
    expect(await status(watcher.api('GET', '/users/rosa'))).toBe(404);
    expect(await status(watcher.api('GET', '/users/rosamunde'))).toBe(200);
    expect((await friend.api('GET', '/user')).json.scopes).toContain('access:servers!server=rosalind/');
    expect(JSON.stringify((await friend.api('GET', '/users/friend/shared')).json)).toContain(
      'access:servers!server=rosalind/',
    );
    expect(await api.trail('user:rosalind')).toEqual(['user.rename']);
  });

  it.each([
    ["o'neil", 'q"uote\\'],
    ['100%', '_under_'],
    ['имя', '😀 smile'],
    ['a', 'aa'],
  ])('renames %s to %s in stored filters, and nobody else there (R63, R178)', async (from, to) => {
    const { json: user } = await api.ada.api('POST', `/users/${encodeURIComponent(from)}`);
    expect(user.name).toBe(from);
    const owner = await api.user(from);
    const scopes = [`servers!server=${from}/x`, `tokens!user=${from}`];
    const others = [`read:users!user=${from}x`, `read:users!user=x${from}`, `read:servers!server=x${from}/x`];
    const { json: token } = await owner.api('POST', `/users/${encodeURIComponent(from)}/tokens`, { scopes });
    await api.service(others, { name: `watches ${from}` });
    expect(await status(api.ada.api('PATCH', `/users/${encodeURIComponent(from)}`, { name: to }))).toBe(200);
    const [row] = await api.sql`SELECT scopes FROM tokens WHERE id = ${String(token.id).slice(1)}`;
    expect(row?.scopes).toEqual([`servers!server=${to}/x`, `tokens!user=${to}`]);
    const [role] = await api.sql`SELECT r.scopes FROM roles r JOIN service_roles h ON h.role_id = r.id
      JOIN services s ON s.id = h.service_id WHERE s.name = ${`watches ${from}`}`;
    expect(role?.scopes).toEqual(others);
    expect(await status(api.ada.api('DELETE', `/users/${encodeURIComponent(to)}`))).toBe(204);
  });

  it('keeps a name that is the same already (R62, section 10)', async () => {
    await api.user('sam');
    for (const name of ['sam', 'SAM']) {
      expect((await api.ada.api('PATCH', '/users/sam', { name })).json).toMatchObject({ name: 'sam' });
    }
    expect(await status(api.ada.api('PATCH', '/users/sam', {}))).toBe(200);
  });

  it('lets who may change only this user see the answer (R61, R64)', async () => {
    await api.user('tessa');
    const caller = await api.service(['admin:users!user=tessa']);
    const answer = await caller.api('PATCH', '/users/tessa', { name: 'theresa' });
    expect([answer.status, answer.json]).toEqual([
      200,
      expect.objectContaining({ name: 'theresa', kind: 'user', auth_state: null }),
    ]);
    expect(await status(caller.api('GET', '/users/theresa'))).toBe(200); // the filter of the role followed
  });

  it.each([
    [undefined],
    [null],
    [[]],
    [{ name: 1 }],
    [{ name: '' }],
    [{ name: 'a/b' }],
    [{ name: '..' }],
    [{ admin: 'x' }],
    [{ auth_state: null }],
    [{ auth_state: [] }],
    [{ groups: 'g' }],
    [{ groups: ['g'] }],
    [{ roles: ['user'] }],
    [{ auth_state: { secret: 1 } }],
    [{ admin: true, auth_state: {} }],
    [{ name: 'ada' }],
  ])('refuses %j and changes nothing (R61, R62, R65, section 10)', async (body) => {
    await api.user('uma');
    const answer = await api.ada.api('PATCH', '/users/uma', body);
    expect([answer.status, answer.json.message]).toEqual([400, expect.stringMatching(/.+/)]);
    expect((await api.ada.api('GET', '/users/uma')).json).toMatchObject({ name: 'uma', admin: false });
  });

  it('refuses another name while a server runs (R63, section 10)', async () => {
    const vera = await api.user('vera');
    await vera.startServer('lab');
    expect(await refused(api.ada.api('PATCH', '/users/vera', { name: 'veronica', admin: true }))).toEqual([
      400,
      expect.stringMatching(/^vera has an active server/),
    ]);
    expect((await api.ada.api('GET', '/users/vera')).json).toMatchObject({ admin: false });
    await vera.stopServer('lab');
    expect(await status(api.ada.api('PATCH', '/users/vera', { name: 'veronica' }))).toBe(200);
  });

  it('gives one of two who want the same name a 400 (R62)', async () => {
    await api.user('will');
    await api.user('wilma');
    const both = await Promise.all(
      ['will', 'wilma'].map((name) => status(api.ada.api('PATCH', `/users/${name}`, { name: 'winner' }))),
    );
    expect(both.sort()).toEqual([200, 400]);
  });
});

describe('deleting a user', () => {
  it('takes everything along, and a later one of the name starts afresh (R66, R173, R178)', async () => {
    const xena = await api.user('xena');
    await xena.startServer();
    await xena.startServer('lab');
    await api.ada.api('POST', '/groups', { groups: ['del'], users: ['xena'] });
    expect(await status(api.ada.api('DELETE', '/users/xena'))).toBe(204);
    expect(await status(api.ada.api('GET', '/users/xena'))).toBe(404);
    expect((await api.ada.api('GET', '/groups/del')).json.users).toEqual([]);
    expect(api.hub.engine.of('xena')).toBeUndefined();
    expect(await status(xena.api('GET', '/user'))).toBe(403);
    await api.ada.api('POST', '/users/xena');
    expect(await status(xena.api('GET', '/user'))).toBe(403);
    expect((await api.ada.api('GET', '/users/xena/tokens')).json).toEqual({ api_tokens: [] });
  });

  it('is refused for oneself, and for a service of the same name (R66)', async () => {
    expect(await refused(api.ada.api('DELETE', '/users/ada'))).toEqual([400, 'Cannot delete yourself!']);
    await api.user('samename');
    const service = await api.service(['delete:users'], { name: 'samename' });
    expect(await status(service.api('DELETE', '/users/samename'))).toBe(400);
  });

  it('waits for a start that is under way (R66, section 10)', async () => {
    const yann = await api.user('yann');
    const gate = Promise.withResolvers<void>();
    api.hub.engine.plan('yann', { beforeSave: gate.promise });
    const starting = yann.startServer();
    await api.hub.until(async () => (await yann.server()).json.pending === 'spawn');
    expect(await refused(api.ada.api('DELETE', '/users/yann'))).toEqual([
      400,
      expect.stringMatching(/please wait/),
    ]);
    gate.resolve();
    await starting;
    expect(await status(api.ada.api('DELETE', '/users/yann'))).toBe(204);
  });
});

describe('activity', () => {
  const report = (body: unknown) => api.ada.api('POST', '/users/ada/activity', body);

  it.each([
    [undefined],
    [[]],
    [{}],
    [{ last_activity: 5 }],
    [{ last_activity: 'junk' }],
    [{ last_activity: '2999-01-01' }],
    [{ last_activity: '2026-13-45T99:99:99Z' }],
    [{ servers: { zz: { last_activity: '2020-01-01' } } }],
    [{ servers: { '': {} } }],
    [{ servers: { '': 'x' } }],
    [{ servers: [] }],
  ])('refuses %j (R68–R72)', async (body) => {
    const answer = await report(body);
    expect([answer.status, answer.json.message]).toEqual([400, expect.stringMatching(/.+/)]);
  });

  it('answers 200 and nothing (R68), 404 for an unknown user (R73), 403 for admin-access (R85)', async () => {
    const { status: code, text } = await report({ last_activity: '2020-01-01', other: 1 });
    expect([code, text]).toEqual([200, '']);
    expect(
      await refused(api.ada.api('POST', '/users/zzz/activity', { last_activity: '2020-01-01' })),
    ).toEqual([404, "No such user: 'zzz'"]);
    expect(await refused(api.ada.api('POST', '/users/ada/admin-access'))).toEqual([
      403,
      'admin access to user servers disabled',
    ]);
  });
});
