import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestClient } from '../../../testing/src/index.ts';
import { type ApiHub, itemsOf, openApiHub } from '../support/api-hub.ts';

let api: ApiHub;
let alice: TestClient;
let bob: TestClient;
beforeAll(async () => {
  api = await openApiHub({ servers: { named: true }, publicUrl: 'https://hub.example.org/' });
  alice = await api.user('alice', ['shares!user', 'read:users:name', 'read:groups:name']);
  bob = await api.user('bob');
  await api.user('carol');
  await api.ada.api('POST', '/groups', { groups: ['class'], users: ['carol'] });
  await alice.api('PUT', '/users/alice/servers/lab');
});
afterAll(() => api[Symbol.asyncDispose]());

const status = async (answer: Promise<{ status: number }>) => (await answer).status;
const refused = async (answer: Promise<{ status: number; json: Record<string, unknown> }>) => {
  const { status: code, json } = await answer;
  return [code, json.message];
};
const scopesOf = async (client: TestClient) => (await client.api('GET', '/user')).json.scopes;
const items = async (client: TestClient, path: string) => itemsOf((await client.api('GET', path)).json);

describe('granting', () => {
  it('lets a user in at once, once, and out again (R114, R116, R117, R147)', async () => {
    const grant = await alice.api('POST', '/shares/alice/lab', { user: 'bob' });
    expect(grant.status).toBe(200);
    expect(grant.json).toEqual({
      server: {
        user: { name: 'alice' },
        name: 'lab',
        url: '/user/alice/lab/',
        full_url: 'https://hub.example.org/user/alice/lab/',
        ready: false,
      },
      scopes: ['access:servers!server=alice/lab'],
      user: { name: 'bob' },
      group: null,
      kind: 'user',
      created_at: expect.stringMatching(/Z$/),
    });
    expect(await scopesOf(bob)).toContain('access:servers!server=alice/lab');
    const again = await alice.api('POST', '/shares/alice/lab', {
      user: 'bob',
      scopes: ['read:servers!server=alice/lab', 'access:servers'],
    });
    expect(again.json.scopes).toEqual(['access:servers!server=alice/lab', 'read:servers!server=alice/lab']);
    expect(again.json.created_at).toBe(grant.json.created_at);
    expect(await items(alice, '/shares/alice/lab')).toHaveLength(1);

    const partly = await alice.api('PATCH', '/shares/alice/lab', { user: 'bob', scopes: ['read:servers'] });
    expect(partly.json.scopes).toEqual(['access:servers!server=alice/lab']); // R117, section 10
    expect((await alice.api('PATCH', '/shares/alice/lab', { user: 'bob' })).json).toEqual({});
    expect(await scopesOf(bob)).not.toContain('access:servers!server=alice/lab');
    for (const target of [{ user: 'bob' }, { user: 'nobody' }, { group: 'nothing' }]) {
      expect((await alice.api('PATCH', '/shares/alice/lab', target)).text).toBe('{}');
    }
    expect(await api.trail('server:alice/lab')).toContain('share.grant');
  });

  it('reaches the members of a group, and their tokens (R119, R142, R145)', async () => {
    const carol = await api.user('carol');
    expect((await alice.api('POST', '/shares/alice/', { group: 'class' })).json).toMatchObject({
      kind: 'group',
      group: { name: 'class' },
      user: null,
      scopes: ['access:servers!server=alice/'],
    });
    expect(await scopesOf(carol)).toContain('access:servers!server=alice/');
    expect(await items(carol, '/users/carol/shared')).toHaveLength(1);
    expect(await refused(carol.api('GET', '/users/carol/shared/alice/'))).toEqual([
      404,
      'No such share for user carol on alice/',
    ]);
    expect((await api.ada.api('GET', '/groups/class/shared/alice/')).json).toMatchObject({ kind: 'group' });
    expect(await items(api.ada, '/groups/class/shared')).toHaveLength(1);
    expect(await status(api.ada.api('DELETE', '/groups/class/shared/alice/'))).toBe(204);
    expect(await scopesOf(carol)).not.toContain('access:servers!server=alice/');
    expect(await status(api.ada.api('DELETE', '/groups/class/shared/alice/'))).toBe(404);
  });

  it.each([
    [undefined],
    [{}],
    [[]],
    [{ user: 'bob', group: 'class' }],
    [{ user: 1 }],
    [{ user: 'bob', extra: 1 }],
    [{ user: 'bob', scopes: 'access:servers' }],
    [{ user: 'bob', scopes: [1] }],
    [{ user: 'bob', scopes: ['bogus'] }],
    [{ user: 'bob', scopes: ['access:servers!user=alice'] }],
    [{ user: 'bob', scopes: ['access:servers!server=alice/other'] }],
    [{ user: 'bob', scopes: ['access:servers!'] }],
    [{ user: 'bob', scopes: ['self!server=alice/lab', 'all'] }],
  ])('refuses %j (R114, section 10)', async (body) => {
    const answer = await alice.api('POST', '/shares/alice/lab', body);
    expect([answer.status, answer.json.message]).toEqual([400, expect.stringMatching(/.+/)]);
    expect(await items(alice, '/shares/alice/lab')).toEqual([]);
  });

  it('checks in the order body, server, held scopes, name, target (R115)', async () => {
    const post = (client: TestClient, path: string, body: unknown) => refused(client.api('POST', path, body));
    expect(await post(alice, '/shares/alice/zzz', { user: 'bob', scopes: ['bogus'] })).toEqual([
      400,
      expect.stringContaining('bogus'),
    ]);
    expect(await post(alice, '/shares/alice/zzz', { user: 'bob' })).toEqual([
      404,
      'No such server: alice/zzz',
    ]);
    expect(await post(alice, '/shares/alice/lab', { user: 'nobody', scopes: ['admin:users'] })).toEqual([
      403,
      'Do not have permission to grant share with scope admin:users!server=alice/lab',
    ]);
    const narrow = await api.service(['shares!user=alice', 'read:users:name!user=bob']);
    expect(await post(narrow, '/shares/alice/lab', { user: 'nobody' })).toEqual([
      403,
      "Need scope 'read:users:name' to share with users by name",
    ]);
    expect(await post(narrow, '/shares/alice/lab', { group: 'class' })).toEqual([
      403,
      "Need scope 'read:groups:name' to share with groups by name",
    ]);
    expect(await post(alice, '/shares/alice/lab', { user: 'nobody' })).toEqual([400, 'No such user: nobody']);
    expect(await post(alice, '/shares/alice/lab', { group: 'nothing' })).toEqual([
      400,
      'No such group: nothing',
    ]);
    expect(await post(narrow, '/shares/alice/lab', { user: 'bob' })).toEqual([200, undefined]);
    await alice.api('DELETE', '/shares/alice/lab');
  });

  it('is not for plain users, nor for servers of others (R120, R128)', async () => {
    expect(await status(bob.api('POST', '/shares/bob/', { user: 'alice' }))).toBe(403);
    expect(await status(alice.api('POST', '/shares/bob/', { user: 'alice' }))).toBe(404);
    expect(await status(alice.api('GET', '/shares/bob'))).toBe(404);
    const one = await api.service(['read:shares!server=alice/lab']);
    expect(await status(one.api('GET', '/shares/alice/lab'))).toBe(200);
    expect(await status(one.api('GET', '/shares/alice'))).toBe(404); // R113
    expect(await status(api.ada.api('GET', '/shares/zzz'))).toBe(404);
    for (const method of ['POST', 'PATCH', 'DELETE'] as const) {
      expect(await status(api.ada.api(method, '/shares/alice', {}))).toBe(405);
      if (method !== 'PATCH') expect(await status(api.ada.api(method, '/share-codes/alice', {}))).toBe(405);
    }
    expect(await status(api.ada.api('GET', '/shares'))).toBe(404);
    expect(await status(api.stranger.api('GET', '/shares/alice/lab'))).toBe(403);
  });
});

describe('lists', () => {
  it('are always enveloped, by age, counted right (R36, R37)', async () => {
    await alice.api('POST', '/shares/alice/lab', { user: 'bob' });
    await alice.api('POST', '/shares/alice/', { user: 'bob' });
    await alice.api('POST', '/shares/alice/lab', { group: 'class' });
    const page = (await alice.api('GET', '/shares/alice?limit=2')).json;
    expect(itemsOf(page)).toHaveLength(2);
    expect(page._pagination).toMatchObject({ total: 3, limit: 2, next: { offset: 2 } });
    expect(itemsOf((await alice.api('GET', '/shares/alice/')).json)).toHaveLength(1);
    expect(itemsOf((await alice.api('GET', '/shares/alice/lab')).json)).toHaveLength(2);
    await api.sql`UPDATE shares SET expires_at = now() - interval '1 hour' WHERE group_id IS NOT NULL`;
    expect((await alice.api('GET', '/shares/alice')).json._pagination).toMatchObject({
      total: 2,
      limit: 200,
    });
    expect((await bob.api('GET', '/users/bob/shared?offset=1')).json).toMatchObject({
      items: [{ server: { name: '' } }],
      _pagination: { total: 2 },
    });
  });

  it('let the recipient leave, and the owner end all (R118, R119)', async () => {
    expect((await bob.api('GET', '/users/bob/shared/alice/lab')).json).toMatchObject({
      user: { name: 'bob' },
    });
    expect(await status(bob.api('DELETE', '/users/bob/shared/alice/lab'))).toBe(204);
    expect(await status(bob.api('DELETE', '/users/bob/shared/alice/lab'))).toBe(404);
    expect(await status(bob.api('GET', '/users/bob/shared/zzz/q'))).toBe(404);
    expect(await status(bob.api('GET', '/users/alice/shared'))).toBe(404);
    expect(await status(alice.api('DELETE', '/shares/alice/'))).toBe(204);
    expect(await status(alice.api('DELETE', '/shares/alice/'))).toBe(204);
    expect(await scopesOf(bob)).not.toContain('access:servers!server=alice/');
    expect(await status(alice.api('DELETE', '/shares/alice/zzz'))).toBe(404);
  });
});

describe('share codes', () => {
  const make = (body?: unknown) => alice.api('POST', '/share-codes/alice/lab', body);

  it('are told once, used any number of times until they end (R121, R122)', async () => {
    const { status: code, json } = await make();
    expect([code, json.code]).toEqual([200, expect.stringMatching(/^[\w-]{43}$/)]);
    expect(json).toMatchObject({
      id: expect.stringMatching(/^sc_\d+$/),
      scopes: ['access:servers!server=alice/lab'],
      exchange_count: 0,
      last_exchanged_at: null,
      accept_url: `/hub/accept-share?code=${json.code}`,
      full_accept_url: `https://hub.example.org/hub/accept-share?code=${json.code}`,
    });
    const life = Date.parse(String(json.expires_at)) - Date.parse(String(json.created_at));
    expect(Math.abs(life - 86_400_000)).toBeLessThan(1000);
    const [listed] = await items(alice, '/share-codes/alice');
    expect(listed).not.toHaveProperty('code');
    expect(listed).toMatchObject({ id: json.id });
  });

  it.each([
    [[]],
    [{ expires_in: 59 }],
    [{ expires_in: 31_536_001 }],
    [{ expires_in: null }],
    [{ expires_in: 60.5 }],
    [{ expires_in: '60' }],
    [{ user: 'bob' }],
    [{ scopes: ['bogus'] }],
    [{ scopes: ['access:servers!user=alice'] }],
  ])('are refused for %j (R121)', async (body) => {
    const answer = await make(body);
    expect([answer.status, answer.json.message]).toEqual([400, expect.stringMatching(/.+/)]);
  });

  it('carry only what their maker holds (R115)', async () => {
    expect(await status(make({ scopes: ['admin:servers'] }))).toBe(403);
    expect(await status(bob.api('POST', '/share-codes/bob/', {}))).toBe(403);
    expect(await status(alice.api('POST', '/share-codes/alice/zzz', {}))).toBe(404);
  });

  it('go one by one or all at once; shares stay (R118, R121)', async () => {
    const [one, two] = [(await make()).json, (await make()).json];
    const remove = (query: string) => status(alice.api('DELETE', `/share-codes/alice/lab${query}`));
    expect(await remove('?code=wrong')).toBe(404);
    expect(await remove('?code=')).toBe(404);
    expect(await remove('?id=sc_0')).toBe(404);
    expect(await remove('?id=99999999999999999999')).toBe(404);
    expect(await remove('?id=sc_999999999999999')).toBe(404);
    expect(await remove(`?code=${one.code}`)).toBe(204);
    expect(await remove(`?id=${two.id}`)).toBe(204);
    expect(await remove(`?id=${two.id}`)).toBe(404);
    expect(await status(alice.api('DELETE', `/share-codes/alice/?code=${one.code}`))).toBe(404);
    await make();
    expect(await remove('')).toBe(204);
    expect(await remove('')).toBe(204);
    expect(await items(alice, '/share-codes/alice')).toEqual([]);
  });
});
