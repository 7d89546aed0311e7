import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHub, namesIn, openApiHub } from '../support/api-hub.ts';

let api: ApiHub;
beforeAll(async () => {
  api = await openApiHub();
  for (const name of ['bob', 'carol']) await api.user(name);
});
afterAll(() => api[Symbol.asyncDispose]());

const refused = async (answer: Promise<{ status: number; json: Record<string, unknown> }>) => {
  const { status, json } = await answer;
  return [status, json.message];
};
const status = async (answer: Promise<{ status: number }>) => (await answer).status;
const group = async (name: string) => (await api.ada.api('GET', `/groups/${name}`)).json;

describe('creating groups', () => {
  it('makes all of them with the same members, in the order asked (R102)', async () => {
    const answer = await api.ada.api('POST', '/groups', { groups: ['y', 'x'], users: ['BOB', 'ada', 'bob'] });
    expect(answer.status).toBe(201);
    expect(JSON.parse(answer.text)).toEqual([
      { kind: 'group', name: 'y', users: ['ada', 'bob'], properties: {}, roles: [] },
      { kind: 'group', name: 'x', users: ['ada', 'bob'], properties: {}, roles: [] },
    ]);
    expect(await api.trail('group:y')).toEqual(['group.create']);
  });

  it('makes none when one is there already or a member is unknown (R102, section 10)', async () => {
    await api.ada.api('POST', '/groups/taken');
    expect(await refused(api.ada.api('POST', '/groups', { groups: ['n1', 'taken', 'n2'] }))).toEqual([
      409,
      'Group taken already exists',
    ]);
    expect(await refused(api.ada.api('POST', '/groups', { groups: ['n1', 'n1'] }))).toEqual([
      409,
      'Group n1 already exists',
    ]);
    expect(
      await refused(api.ada.api('POST', '/groups', { groups: ['n1'], users: ['bob', 'nobody'] })),
    ).toEqual([400, 'No such user: nobody']);
    expect(await status(api.ada.api('GET', '/groups/n1'))).toBe(404);
  });

  it.each([
    [undefined],
    [[]],
    [{}],
    [{ groups: [] }],
    [{ groups: 'abc' }],
    [{ groups: [1] }],
    [{ groups: [''] }],
    [{ groups: ['x'.repeat(256)] }],
    [{ groups: ['fine'], users: 'bob' }],
    [{ groups: ['fine'], users: [{}] }],
    [{ groups: ['fine'], properties: {} }],
    [{ groups: ['fi\u0000ne'] }],
  ])('refuses %j (R102, section 10)', async (body) => {
    const answer = await api.ada.api('POST', '/groups', body);
    expect([answer.status, answer.json.message]).toEqual([400, expect.stringMatching(/.+/)]);
    expect(await status(api.ada.api('GET', '/groups/fine'))).toBe(404);
  });

  it('makes one by path, with any name (R103)', async () => {
    for (const name of ['We ird/g%', 'UPPER', 'ünï']) {
      const path = `/groups/${encodeURIComponent(name)}`;
      expect((await api.ada.api('POST', path, { users: ['bob'], roles: ['x'] })).json).toMatchObject({
        name,
        users: ['bob'],
      });
      expect(await refused(api.ada.api('POST', path))).toEqual([409, `Group ${name} already exists`]);
    }
    expect(await status(api.ada.api('POST', '/groups/odd', { properties: {} }))).toBe(400);
    expect(await status(api.ada.api('POST', '/groups/odd', { users: ['nobody'] }))).toBe(400);
    expect(await status(api.ada.api('POST', '/groups/odd', []))).toBe(400);
    expect(await status(api.ada.api('GET', '/groups/odd'))).toBe(404);
  });
});

describe('members and properties', () => {
  it('come and go; who is there already is no mistake (R104)', async () => {
    await api.ada.api('POST', '/groups/team');
    const users = (names: unknown) => ({ users: names });
    expect((await api.ada.api('POST', '/groups/team/users', users(['ALICE', 'bob']))).status).toBe(400);
    expect(await group('team')).toMatchObject({ users: [] });
    expect((await api.ada.api('POST', '/groups/team/users', users(['Bob', 'bob']))).json).toMatchObject({
      users: ['bob'],
    });
    expect((await api.ada.api('POST', '/groups/team/users', users(['bob', 'carol']))).json).toMatchObject({
      users: ['bob', 'carol'],
    });
    expect((await api.ada.api('DELETE', '/groups/team/users', users(['bob', 'ada']))).json).toMatchObject({
      users: ['carol'],
    });
    expect(await status(api.ada.api('POST', '/groups/team/users', users([])))).toBe(200);
    for (const body of [undefined, {}, [], users('bob'), users([1]), { users: ['bob'], extra: 1 }]) {
      expect(await status(api.ada.api('POST', '/groups/team/users', body))).toBe(400);
      expect(await status(api.ada.api('DELETE', '/groups/team/users', body))).toBe(400);
    }
    expect(await api.trail('group:team')).toContain('group.remove-users');
  });

  it('replaces all properties (R105)', async () => {
    await api.ada.api('POST', '/groups/props');
    const put = (body: unknown) => api.ada.api('PUT', '/groups/props/properties', body);
    expect((await put({ a: 1, deep: { b: [null] } })).json.properties).toEqual({ a: 1, deep: { b: [null] } });
    expect((await put({ c: true })).json.properties).toEqual({ c: true });
    for (const body of [null, [], 'x', 1]) expect(await status(put(body))).toBe(400);
    expect((await put({})).json.properties).toEqual({});
  });

  it('give and take rights at the very next request (R138, R141)', async () => {
    await api.ada.api('POST', '/groups/rights');
    const [role] =
      await api.sql`INSERT INTO roles (name, scopes) VALUES ('of-group', '["read:hub"]') RETURNING id`;
    await api.sql`INSERT INTO group_roles SELECT id, ${role?.id} FROM groups WHERE name = 'rights'`;
    const bob = await api.user('bob');
    const caller = await api.service(['read:users!group=rights']);
    expect(await status(bob.api('GET', '/info'))).toBe(403);
    expect(await status(caller.api('GET', '/users/bob'))).toBe(404);
    await api.ada.api('POST', '/groups/rights/users', { users: ['bob'] });
    expect(await status(bob.api('GET', '/info'))).toBe(200);
    expect(await status(caller.api('GET', '/users/bob'))).toBe(200);
    await api.ada.api('DELETE', '/groups/rights/users', { users: ['bob'] });
    expect(await status(bob.api('GET', '/info'))).toBe(403);
    await api.ada.api('POST', '/groups/rights/users', { users: ['bob'] });
    expect(await status(api.ada.api('DELETE', '/groups/rights'))).toBe(204);
    expect(await status(bob.api('GET', '/info'))).toBe(403);
    expect((await api.ada.api('GET', '/users/bob')).json.groups).not.toContain('rights');
  });
});

describe('reading groups', () => {
  it('shows each field by its scope (section 2.3)', async () => {
    await api.ada.api('POST', '/groups/seen');
    const fields = async (...scopes: string[]) =>
      Object.keys((await (await api.service(scopes)).api('GET', '/groups/seen')).json).sort();
    expect(await fields('read:groups!group=seen')).toEqual(['kind', 'name', 'properties', 'users']);
    expect(await fields('read:groups:name')).toEqual(['kind', 'name']);
    expect(await fields('read:roles:groups')).toEqual(['kind', 'name', 'roles']);
  });

  it('tells nothing of groups out of reach (R128, R177)', async () => {
    const caller = await api.service(['admin:groups!group=mine']);
    const gone = [404, 'No access to resources or resources not found'];
    expect(await refused(caller.api('GET', '/groups/seen'))).toEqual(gone);
    expect(await refused(caller.api('DELETE', '/groups/zzz'))).toEqual(gone);
    expect(await refused(caller.api('GET', '/groups/mine'))).toEqual([404, 'No such group: mine']);
    expect(await status(caller.api('POST', '/groups/mine'))).toBe(201);
    expect(await status(caller.api('POST', '/groups', { groups: ['mine2'] }))).toBe(403);
    expect(await status(caller.api('DELETE', '/groups/mine'))).toBe(204);
    expect(await status(caller.api('DELETE', '/groups/mine'))).toBe(404);
    const nobody = await api.service(['list:users']);
    for (const [method, path] of [
      ['GET', '/groups'],
      ['POST', '/groups'],
      ['GET', '/groups/seen'],
      ['POST', '/groups/seen'],
      ['DELETE', '/groups/seen'],
      ['POST', '/groups/seen/users'],
      ['DELETE', '/groups/seen/users'],
      ['PUT', '/groups/seen/properties'],
      ['GET', '/groups/seen/shared'],
    ] as const) {
      expect(await status(nobody.api(method, path, {}))).toBe(403);
      expect(await refused(api.stranger.api(method, path, {}))).toEqual([
        403,
        'Missing or invalid credentials.',
      ]);
    }
  });

  it('lists by age, the reachable ones, with the right total (R37, R107, section 10)', async () => {
    await api.ada.api('POST', '/groups', { groups: ['l3', 'l1', 'l2'] });
    const caller = await api.service([
      'list:groups!group=l3',
      'list:groups!group=l2',
      'list:groups!group=nope',
    ]);
    const page = await api.hub.request('GET', '/hub/api/groups?limit=1', {
      token: caller.token,
      headers: { accept: 'application/jupyterhub-pagination+json' },
    });
    expect(namesIn(page.json)).toEqual(['l3']);
    expect(page.json._pagination).toMatchObject({ total: 2, next: { offset: 1, limit: 1 } });
    expect(namesIn(JSON.parse((await caller.api('GET', '/groups')).text))).toEqual(['l3', 'l2']);
    const odd = await api.service(['list:groups!user=bob']);
    expect(await status(odd.api('GET', '/groups'))).toBe(403);
    expect(await status(api.ada.api('GET', '/groups?limit=many'))).toBe(400);
  });

  it('has no PATCH, and no list of members (section 3)', async () => {
    expect(await status(api.ada.api('PATCH', '/groups/seen', {}))).toBe(405);
    expect(await status(api.ada.api('GET', '/groups/seen/users'))).toBe(405);
    expect(await status(api.ada.api('GET', '/groups/'))).toBe(404);
  });
});
