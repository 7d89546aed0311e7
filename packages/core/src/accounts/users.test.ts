import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Accounts, openAccounts, tester } from '../../test/support/accounts.ts';
import type { UserQuery } from './ports.ts';

let hub: Accounts;
beforeAll(async () => {
  hub = await openAccounts({ access: { userNamePattern: '[^!]+' } });
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
});

const everybody: UserQuery = {
  access: { kind: 'all' },
  state: null,
  nameFilter: '',
  sort: { by: 'id', descending: false },
  offset: 0,
  limit: 50,
};
const named = async (query: Partial<UserQuery>) => {
  const { items, total } = await hub.users.page({ ...everybody, ...query });
  return { names: items.map(({ name }) => name), total };
};

describe('creating', () => {
  it('makes those that are missing, with their roles, and says which were there (R57, R58)', async () => {
    const first = await hub.users.create(tester, ['zoe', 'ann']);
    expect(first.created.map(({ name }) => name)).toEqual(['zoe', 'ann']);
    const second = await hub.users.create(tester, ['bea', 'ann', 'abe'], true);
    expect(second.created.map(({ name, admin }) => [name, admin])).toEqual([
      ['bea', true],
      ['abe', true],
    ]);
    expect(second.existing).toEqual(['ann']);
    expect((await hub.users.get('bea'))?.roles).toEqual(['admin', 'user']);
    expect((await hub.users.get('ann'))?.roles).toEqual(['user']);
    expect(
      (await hub.sql`SELECT target FROM audit WHERE action = 'user.create' ORDER BY id`).map(
        (row) => row.target,
      ),
    ).toEqual(['user:zoe', 'user:ann', 'user:bea', 'user:abe']);
  });

  it('makes exactly one of twenty at once', async () => {
    const results = await Promise.all(Array.from({ length: 20 }, () => hub.users.create(tester, ['twin'])));
    expect(results.filter(({ created }) => created.length === 1)).toHaveLength(1);
    expect(results.filter(({ existing }) => existing.length === 1)).toHaveLength(19);
    const [row] = await hub.sql`SELECT count(*)::int AS count FROM users WHERE name = 'twin'`;
    expect(row?.count).toBe(1);
  });

  it('survives lists of the same names in opposite order', async () => {
    const names = Array.from({ length: 50 }, (_, i) => `bulk-${i}`);
    const results = await Promise.all([
      hub.users.create(tester, names),
      hub.users.create(tester, names.toReversed()),
      hub.users.create(tester, names),
    ]);
    expect(results.reduce((sum, { created }) => sum + created.length, 0)).toBe(50);
    await hub.sql`DELETE FROM users WHERE name LIKE 'bulk-%'`;
  });

  it('normalises, and names all that are invalid (R57, R59)', async () => {
    expect(await hub.users.normalise(['Ada', 'ada', 'B'])).toEqual(['ada', 'b']);
    await expect(hub.users.normalise(['ok', 'a/b', 'c!'])).rejects.toMatchObject({
      status: 400,
      message: 'Invalid usernames: a/b, c!',
    });
    await expect(hub.users.requireNormal('Ada')).rejects.toThrow(/must be written as: ada/);
    expect(await hub.users.requireNormal('ada')).toBe('ada');
  });

  it('tells of it after the commit, and of none that failed', async () => {
    const heard: string[] = [];
    hub.events.on('userCreated', ({ user }) => void heard.push(user));
    await hub.users.create(tester, ['told', 'twin']);
    await expect(
      hub.work.run(null, async () => {
        await hub.users.create(tester, ['untold']);
        throw new Error('undone');
      }),
    ).rejects.toThrow('undone');
    expect(heard).toEqual(['told']);
    expect(await hub.users.get('untold')).toBeNull();
  });
});

describe('listing', () => {
  beforeAll(async () => {
    await hub.sql`DELETE FROM users`;
    await hub.users.create(tester, ['dora', 'carl', 'b_b', 'bxb', 'a%']);
    await hub.sql`UPDATE users SET last_activity = '2026-01-01' WHERE name = 'carl'`;
    await hub.sql`UPDATE users SET last_activity = '2026-01-02' WHERE name = 'dora'`;
    await hub.sql`INSERT INTO servers (user_id, name, spawner, phase, target)
      SELECT id, '', 'x', 'ready', 'http://x' FROM users WHERE name = 'carl'`;
    await hub.sql`INSERT INTO servers (user_id, name, spawner, phase)
      SELECT id, 'n', 'x', 'starting' FROM users WHERE name = 'dora'`;
    await hub.sql`INSERT INTO servers (user_id, name, spawner) SELECT id, '', 'x' FROM users WHERE name = 'bxb'`;
    await hub.sql`INSERT INTO groups (name) VALUES ('g1'), ('g2')`;
    await hub.sql`INSERT INTO memberships (group_id, user_id)
      SELECT g.id, u.id FROM groups g, users u WHERE u.name IN ('b_b', 'bxb')`;
  });

  it('gives groups, roles and servers with each', async () => {
    const { items } = await hub.users.page({ ...everybody, nameFilter: 'carl' });
    expect(items).toEqual([
      expect.objectContaining({
        name: 'carl',
        groups: [],
        roles: ['user'],
        lastActivity: '2026-01-01T00:00:00Z',
        servers: [
          expect.objectContaining({ name: '', phase: 'ready', lastActivity: null, userOptions: null }),
        ],
      }),
    ]);
    expect((await hub.users.get('bxb'))?.groups).toEqual(['g1', 'g2']);
  });

  it('filters by state, with the right total (R50, R55)', async () => {
    expect(await named({ state: 'active' })).toEqual({ names: ['dora', 'carl'], total: 2 });
    expect(await named({ state: 'inactive' })).toEqual({ names: ['b_b', 'bxb', 'a%'], total: 3 });
    expect(await named({ state: 'ready', limit: 1 })).toEqual({ names: ['carl'], total: 1 });
  });

  it('takes the name filter as text in any case (R51)', async () => {
    expect((await named({ nameFilter: 'B_B' })).names).toEqual(['b_b']);
    expect((await named({ nameFilter: '%' })).names).toEqual(['a%']);
    expect((await named({ nameFilter: '\\' })).names).toEqual([]);
  });

  it('sorts, those never seen first or last (R52)', async () => {
    const by = async (name: 'name' | 'last_activity', descending: boolean) =>
      (await named({ sort: { by: name, descending } })).names;
    expect(await by('name', false)).toEqual(['a%', 'b_b', 'bxb', 'carl', 'dora']);
    expect(await by('name', true)).toEqual(['dora', 'carl', 'bxb', 'b_b', 'a%']);
    expect(await by('last_activity', false)).toEqual(['b_b', 'bxb', 'a%', 'carl', 'dora']);
    expect(await by('last_activity', true)).toEqual(['dora', 'carl', 'a%', 'bxb', 'b_b']);
  });

  it('shows only whom the permission reaches, and counts only them (R54)', async () => {
    const some = {
      kind: 'some',
      users: new Set(['carl']),
      groups: new Set(['g1']),
      servers: new Set<string>(),
      services: new Set<string>(),
    } as const;
    expect(await named({ access: some })).toEqual({ names: ['carl', 'b_b', 'bxb'], total: 3 });
    expect(await named({ access: some, limit: 2 })).toEqual({ names: ['carl', 'b_b'], total: 3 });
    expect(await named({ access: { kind: 'none' } })).toEqual({ names: [], total: 0 });
    expect(
      await named({ access: { ...some, users: new Set(), groups: new Set(), servers: new Set(['carl/']) } }),
    ).toEqual({ names: [], total: 0 });
  });

  it('pages', async () => {
    expect(await named({ offset: 2, limit: 2 })).toEqual({ names: ['b_b', 'bxb'], total: 5 });
    expect(await named({ offset: 4, limit: 2 })).toEqual({ names: ['a%'], total: 5 });
    expect(await named({ offset: 9, limit: 2 })).toEqual({ names: [], total: 5 });
  });
});

describe('making administrators (R64)', () => {
  it('keeps flag and role equal and writes it down', async () => {
    const user = await hub.user('boss');
    expect(await hub.users.setAdmin(tester, user, true)).toBe(true);
    expect(await hub.users.setAdmin(tester, user, true)).toBe(false);
    expect(await hub.users.get('boss')).toMatchObject({ admin: true, roles: ['admin', 'user'] });
    await hub.users.setAdmin(tester, user, false);
    expect(await hub.users.get('boss')).toMatchObject({ admin: false, roles: ['user'] });
    const rows = await hub.sql`SELECT details FROM audit WHERE action = 'user.admin' ORDER BY id`;
    expect(rows.map((row) => row.details)).toEqual([{ admin: true }, { admin: false }]);
  });
});

describe('removing (R173)', () => {
  it('takes all that hangs on the user, and the rights others had through it', async () => {
    const owner = await hub.user('owner');
    const friend = await hub.user('friend');
    const [server] =
      await hub.sql`INSERT INTO servers (user_id, name, spawner) VALUES (${owner.id}, '', 'x') RETURNING id`;
    await hub.sql`INSERT INTO shares (server_id, user_id, scopes) VALUES (${server?.id}, ${friend.id}, '["access:servers"]')`;
    await hub.clients.put({
      identifier: 'jupyterhub-user-owner',
      description: '',
      secret: null,
      redirectUri: '',
      allowedScopes: [],
      serverId: Number(server?.id),
    });
    const { token } = await hub.tokens.create(tester, friend, {});
    const may = async () =>
      (await hub.credentials.check(token))?.scopes.toStrings().includes('access:servers!server=owner/');
    expect(await may()).toBe(true);

    expect(await hub.users.remove(tester, owner)).toBe('removed');
    expect(await hub.clients.get('jupyterhub-user-owner')).toBeNull();
    expect(await may()).toBe(false);
    expect(await hub.users.remove(tester, owner)).toBe('absent');
  });

  it('refuses while a server is not stopped', async () => {
    const user = await hub.user('busy');
    await hub.sql`INSERT INTO servers (user_id, name, spawner, phase) VALUES (${user.id}, '', 'x', 'queued')`;
    expect(await hub.users.remove(tester, user)).toBe('has-active-servers');
    expect(await hub.users.get('busy')).not.toBeNull();
  });
});
