import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestClient } from '../../../testing/src/index.ts';
import { type ApiHub, openApiHub } from '../support/api-hub.ts';

let api: ApiHub;
let dora: TestClient;
beforeAll(async () => {
  api = await openApiHub();
  dora = await api.user('dora');
});
afterAll(() => api[Symbol.asyncDispose]());

const status = async (answer: Promise<{ status: number }>) => (await answer).status;
const refused = async (answer: Promise<{ status: number; json: Record<string, unknown> }>) => {
  const { status: code, json } = await answer;
  return [code, json.message];
};
const make = (body?: unknown) => dora.api('POST', '/users/dora/tokens', body);
const listed = async (client: TestClient, user: string) =>
  (await client.api('GET', `/users/${user}/tokens`)).json.api_tokens as Record<string, unknown>[];

describe('making a token', () => {
  it('answers with the secret once (R94, R96, R99, section 2.3)', async () => {
    const { status: code, json } = await make();
    expect(code).toBe(201);
    expect(json).toEqual({
      user: 'dora',
      id: expect.stringMatching(/^a\d+$/),
      kind: 'api_token',
      roles: [],
      scopes: expect.arrayContaining(['read:users:name!user=dora', 'servers!user=dora']),
      created: expect.stringMatching(/Z$/),
      last_activity: null,
      expires_at: null,
      note: 'Requested via api',
      session_id: null,
      oauth_client: 'JupyterHub',
      token: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    const one = (await dora.api('GET', `/users/dora/tokens/${json.id}`)).json;
    expect(one).not.toHaveProperty('token');
    expect(one).toMatchObject({ id: json.id, scopes: json.scopes });
    const note = async (value: unknown) => (await make({ note: value, other: 1 })).json.note;
    expect(await note(7)).toBe('7');
    expect(await note('')).toBe('Requested via api');
    const service = await api.service(['tokens!user=dora'], { name: 'minter' });
    const minted = await service.api('POST', '/users/dora/tokens', []);
    expect(minted.json.note).toBe('Requested via api by service minter'); // R94, R98
    expect(minted.json.scopes).toEqual(json.scopes);
  });

  it.each([
    [[1], 'body must be a json dict'],
    [{ expires_in: 1.5 }, 'token expires_in must be null or integer, not 1.5'],
    [{ expires_in: '60' }, 'token expires_in must be null or integer, not 60'],
    [{ expires_in: true }, 'token expires_in must be null or integer, not true'],
    [{ expires_in: 0 }, 'expires_in must be a positive integer or null, not 0'],
    [{ expires_in: -5 }, 'expires_in must be a positive integer or null, not -5'],
    [{ expires_in: 1e300 }, expect.stringContaining('must not exceed')],
    [{ expires_in: 9_007_199_254_740_991 }, expect.stringContaining('must not exceed')],
    [{ scopes: 'self' }, 'scopes must be a list of strings'],
    [{ scopes: [1] }, 'scopes must be a list of strings'],
    [{ roles: ['nope'] }, 'No such role: nope'],
    [{ roles: 'user' }, 'roles must be a list of strings'],
    [{ roles: ['user'], scopes: ['self'] }, expect.stringContaining('roles')],
    [{ scopes: ['bogus'] }, '"Scope \'bogus\' for token does not exist"'],
    [
      { scopes: ['list:users'] },
      expect.stringMatching(/^Not assigning requested scopes .*not held by User dora$/),
    ],
    [{ scopes: ['access:servers'] }, expect.stringContaining('not held by User dora')],
  ])('refuses %j (R94–R97, section 10)', async (body, message) => {
    const before = (await listed(dora, 'dora')).length;
    expect(await refused(make(body))).toEqual([400, message]);
    expect((await listed(dora, 'dora')).length).toBe(before);
  });

  it('may hold less, nothing, or what a role is now (R96, R97)', async () => {
    expect((await make({ scopes: [] })).json.scopes).toEqual([
      'read:users:groups!user=dora',
      'read:users:name!user=dora',
    ]);
    expect((await make({ scopes: ['servers!server=dora/not-there'] })).json.scopes).toContain(
      'servers!server=dora/not-there',
    );
    expect((await make({ roles: ['user'] })).json.scopes).toContain('tokens!user=dora');
    expect((await make({ scopes: ['access:servers!server'] })).status).toBe(201);
  });

  it('needs `tokens` for that user, and never tells who is there (R92)', async () => {
    await api.user('emil');
    const message = (name: string) => `User ${name} not found or no permissions to generate tokens`;
    expect(await refused(dora.api('POST', '/users/emil/tokens', {}))).toEqual([403, message('emil')]);
    expect(await refused(dora.api('POST', '/users/zzz/tokens', { expires_in: 'x' }))).toEqual([
      403,
      message('zzz'),
    ]);
    const service = await api.service(['tokens!user=dora']);
    expect(await refused(service.api('POST', '/users/emil/tokens'))).toEqual([
      403,
      'Service emil not found or no permissions to generate tokens',
    ]);
    expect(await status(api.stranger.api('POST', '/users/dora/tokens'))).toBe(403);
    expect(await status(api.stranger.api('POST', '/users/dora/tokens', [1]))).toBe(400);
    expect(await status(api.ada.api('POST', '/users/zzz/tokens'))).toBe(403);
    await api.ada.api('POST', '/groups', { groups: ['minted'], users: ['emil'] });
    const ofGroup = await api.service(['tokens!group=minted']);
    expect(await status(ofGroup.api('POST', '/users/emil/tokens'))).toBe(201);
  });
});

describe('tokens there are', () => {
  it('are listed oldest use first, without those that ended (R100)', async () => {
    const fay = await api.user('fay');
    const { json: short } = await fay.api('POST', '/users/fay/tokens', { expires_in: 30, note: 'short' });
    await fay.api('POST', '/users/fay/tokens', { note: 'long' });
    expect((await listed(fay, 'fay')).map(({ note }) => note)).toEqual(
      expect.arrayContaining(['short', 'long']),
    );
    await api.sql`UPDATE tokens SET expires_at = now() - interval '1 second' WHERE note = 'short'`;
    expect((await listed(fay, 'fay')).map(({ note }) => note)).not.toContain('short');
    expect(await status(fay.api('GET', `/users/fay/tokens/${short.id}`))).toBe(404);
  });

  it('show what they are good for at this moment (R144)', async () => {
    const gus = await api.user('gus');
    await gus.api('POST', '/users/gus/tokens', { note: 'mine' });
    await api.ada.api('PATCH', '/users/gus', { admin: true });
    const scopes = async () => (await listed(api.ada, 'gus')).find(({ note }) => note === 'mine')?.scopes;
    expect(await scopes()).toContain('admin:users');
    await api.ada.api('PATCH', '/users/gus', { admin: false });
    expect(await scopes()).not.toContain('admin:users');
  });

  it('belong to one user: anything else is 404 (R100, R101)', async () => {
    const { json } = await make();
    const missing = (id: string) => [404, `No such token ${id} for user ada`];
    expect(await refused(api.ada.api('GET', `/users/ada/tokens/${json.id}`))).toEqual(
      missing(String(json.id)),
    );
    expect(await refused(api.ada.api('DELETE', `/users/ada/tokens/${json.id}`))).toEqual(
      missing(String(json.id)),
    );
    for (const id of ['', 'a', 'a0', 'a-1', '1', 'a1.5', 'a99999999999999999999', "a1'--"]) {
      expect(await status(api.ada.api('GET', `/users/ada/tokens/${encodeURIComponent(id)}`))).toBe(404);
    }
    expect(await status(dora.api('DELETE', `/users/dora/tokens/${json.id}`))).toBe(204);
    expect(await status(dora.api('DELETE', `/users/dora/tokens/${json.id}`))).toBe(404);
    expect(await status(api.hub.request('GET', '/hub/api/user', { token: String(json.token) }))).toBe(403);
    expect(await status(api.ada.api('GET', '/users/zzz/tokens'))).toBe(404);
  });

  it('need read:tokens to see and tokens to revoke (R128)', async () => {
    const { json } = await make();
    const reader = await api.service(['read:tokens!user=dora']);
    expect(await status(reader.api('GET', '/users/dora/tokens'))).toBe(200);
    expect(await status(reader.api('DELETE', `/users/dora/tokens/${json.id}`))).toBe(403);
    expect(await status(reader.api('GET', '/users/ada/tokens'))).toBe(404);
    const none = await api.service(['read:hub']);
    expect(await status(none.api('GET', '/users/dora/tokens'))).toBe(403);
    expect(await status(api.stranger.api('GET', '/users/dora/tokens'))).toBe(403);
  });
});
