import { describe, expect, it } from 'vitest';
import { openAccounts, tester } from '../../test/support/accounts.ts';
import { type TestDatabase, testDatabase } from '../../test/support/database.ts';
import type { StatedAccounts } from '../hub/check-accounts.ts';
import type { AccessSettings } from './access-rules.ts';

/** A hub that has just applied this configuration to the database. */
const hubWith = (database: TestDatabase, stated: StatedAccounts, access: AccessSettings = {}) =>
  openAccounts({ database, stated, access });

async function withDatabase(work: (database: TestDatabase) => Promise<void>): Promise<void> {
  const database = await testDatabase();
  try {
    await work(database);
  } finally {
    await database.drop();
  }
}

type Hub = Awaited<ReturnType<typeof openAccounts>>;
const epoch = async ({ sql }: Hub) =>
  Number(
    (await sql`SELECT (value #>> '{}')::int AS value FROM settings WHERE key = 'access_epoch'`)[0]?.value ??
      0,
  );
const holdersOf = async ({ sql }: Hub, role: string) =>
  (
    await sql`SELECT u.name FROM user_roles JOIN users u ON u.id = user_id JOIN roles r ON r.id = role_id
      WHERE r.name = ${role} ORDER BY 1`
  ).map(({ name }) => name);

describe('roles of the configuration', () => {
  it('are the whole truth: absent ones are deleted, changed ones replaced, managed ones stay (R150)', async () => {
    await withDatabase(async (database) => {
      const first = {
        roles: [
          { name: 'grader', scopes: ['list:users'] },
          { name: 'token', scopes: ['self'] },
        ],
      };
      await using before = await hubWith(database, first);
      await before.sql`INSERT INTO roles (name, managed_by_auth) VALUES ('from-login', true)`;
      expect(before.applied.changedRoles).toContain('grader');

      await using after = await hubWith(database, { roles: [{ name: 'marker', scopes: ['list:groups'] }] });
      expect(after.applied.changedRoles.toSorted()).toEqual(['grader', 'marker', 'token']);
      expect(
        (await after.sql`SELECT name, scopes FROM roles ORDER BY name`).map((row) => [row.name, row.scopes]),
      ).toEqual([
        ['admin', expect.arrayContaining(['admin:users'])],
        ['from-login', []],
        ['marker', ['list:groups']],
        ['server', ['users:activity!user', 'access:servers!server']],
        ['token', ['inherit']],
        ['user', ['self']],
      ]);
    });
  });

  it('have exactly the members that are listed, which are created where missing (R152, R153)', async () => {
    await withDatabase(async (database) => {
      const first = { roles: [{ name: 'grader', users: ['Ada', 'bob'], groups: ['class'] }] };
      await using before = await hubWith(database, first);
      expect(before.applied.created.map(({ name }) => name)).toEqual(['ada', 'bob']);
      expect(await before.users.get('ada')).toMatchObject({ roles: ['grader', 'user'] });
      const kim = await before.user('kim');
      await before.sql`INSERT INTO memberships (group_id, user_id) SELECT id, ${kim.id} FROM groups`;
      const scopes = async (hub: Hub, name: string) => {
        const user = await hub.users.get(name);
        return (await hub.grants.ofUser(String(user?.id)))?.groupRoles.map((role) => role.name);
      };
      expect(await scopes(before, 'kim')).toEqual(['grader']);

      await using after = await hubWith(database, { roles: [{ name: 'grader', users: ['bob', 'cyd'] }] });
      expect(await holdersOf(after, 'grader')).toEqual(['bob', 'cyd']);
      expect(await scopes(after, 'kim')).toEqual([]);
    });
  });

  it('take effect on tokens that are in use at once', async () => {
    await withDatabase(async (database) => {
      await using hub = await hubWith(database, {
        roles: [{ name: 'grader', users: ['ada'], scopes: ['list:users'] }],
      });
      const ada = await hub.users.get('ada');
      if (!ada) throw new Error('no ada');
      const { token } = await hub.tokens.create(tester, ada, {});
      expect((await hub.credentials.check(token))?.scopes.holds('list:users')).toBe(true);
      await using _member = await hubWith(database, { roles: [{ name: 'grader', scopes: ['list:users'] }] });
      expect((await hub.credentials.check(token))?.scopes.holds('list:users')).toBe(false);

      const byGroup = {
        roles: [{ name: 'grader', scopes: ['list:users'], groups: ['g'] }],
        groups: { g: { users: ['ada'] } },
      };
      await using _group = await hubWith(database, byGroup);
      expect((await hub.credentials.check(token))?.scopes.holds('list:users')).toBe(true);
      await using _gone = await hubWith(database, {});
      expect((await hub.credentials.check(token))?.scopes.holds('list:users')).toBe(false);
    });
  });

  it('leave alone what an authenticator gave (R158)', async () => {
    await withDatabase(async (database) => {
      const stated = { roles: [{ name: 'grader', users: ['ada'] }] };
      await using hub = await hubWith(database, stated);
      const bob = await hub.user('bob');
      await hub.sql`INSERT INTO user_roles SELECT ${bob.id}, id, true FROM roles WHERE name = 'grader'`;
      await hub.apply();
      expect(await holdersOf(hub, 'grader')).toEqual(['ada', 'bob']);
    });
  });

  it('keep members of defaults they do not speak of', async () => {
    await withDatabase(async (database) => {
      await using hub = await hubWith(database, { roles: [{ name: 'user', scopes: ['self', 'read:hub'] }] });
      await hub.user('ada');
      await hub.user('boss', true);
      await hub.apply();
      expect(await holdersOf(hub, 'user')).toEqual(['ada', 'boss']);
      expect(await holdersOf(hub, 'admin')).toEqual(['boss']);
    });
  });
});

describe('administrators', () => {
  it('are exactly those listed for the role, and of `admins` (R152, P616)', async () => {
    await withDatabase(async (database) => {
      await using hub = await hubWith(database, {}, { admins: ['ada'] });
      await hub.user('old', true);
      await using exact = await hubWith(
        database,
        { roles: [{ name: 'admin', users: ['new'] }] },
        { admins: ['ada'] },
      );
      expect(await holdersOf(exact, 'admin')).toEqual(['ada', 'new']);
      const flagged = await exact.sql`SELECT name FROM users WHERE admin ORDER BY name`;
      expect(flagged.map(({ name }) => name)).toEqual(['ada', 'new']);

      await using none = await hubWith(database, { roles: [{ name: 'admin', users: [] }] });
      expect(await none.sql`SELECT FROM users WHERE admin`).toHaveLength(0);
      expect(await holdersOf(none, 'admin')).toEqual([]);
    });
  });

  it('are re-filled from flags where the list is left out (R152)', async () => {
    await withDatabase(async (database) => {
      await using hub = await hubWith(database, {});
      await hub.user('boss');
      await hub.sql`UPDATE users SET admin = true`;
      await using after = await hubWith(database, { roles: [{ name: 'admin' }] });
      expect(await holdersOf(after, 'admin')).toEqual(['boss']);
    });
  });
});

describe('groups of the configuration', () => {
  it('only ever add members; given properties replace (R156)', async () => {
    await withDatabase(async (database) => {
      await using first = await hubWith(database, {
        groups: { class: { users: ['ada', 'Bob'], properties: { cpu: 1, gone: true } }, empty: {} },
      });
      expect(await first.users.get('bob')).toMatchObject({ groups: ['class'], roles: ['user'] });
      await using second = await hubWith(database, {
        groups: { class: { users: ['cyd'], properties: { cpu: 2 } } },
      });
      const members =
        await second.sql`SELECT u.name FROM memberships JOIN users u ON u.id = user_id ORDER BY 1`;
      expect(members.map(({ name }) => name)).toEqual(['ada', 'bob', 'cyd']);
      await using _third = await hubWith(database, { groups: { class: {} } });
      expect(await second.sql`SELECT name, properties FROM groups ORDER BY name`).toEqual([
        { name: 'class', properties: { cpu: 2 } },
        { name: 'empty', properties: {} },
      ]);
    });
  });
});

describe('names in roles and groups', () => {
  const authenticator = { login: { none: true as const }, authenticate: async () => null };
  const authenticators = [
    { id: 'pam', authenticator },
    { id: 'github', authenticator },
  ];

  it('must be names of users', async () => {
    const stated = { roles: [{ name: 'grader', users: ['a/b'] }], groups: { class: { users: ['..'] } } };
    await expect(openAccounts({ stated })).rejects.toMatchObject({
      problems: [
        "roles: grader.users: 'a/b' cannot be the name of a user",
        "groups: class.users: '..' cannot be the name of a user",
      ],
    });
  });

  it('bind a name to the authenticator they mean, as `admins` does', async () => {
    const stated = { roles: [{ name: 'grader', users: ['github:gus', 'ada'] }] };
    await using hub = await openAccounts({ stated, authenticators });
    expect(await holdersOf(hub, 'grader')).toEqual(['ada', 'gus']);
    expect([hub.rules.speaksFor('pam', 'gus'), hub.rules.speaksFor('github', 'gus')]).toEqual([false, true]);
    expect([hub.rules.speaksFor('pam', 'ada'), hub.rules.speaksFor('github', 'ada')]).toEqual([true, false]);
    await expect(openAccounts({ stated, authenticators, access: { admins: ['gus'] } })).rejects.toMatchObject(
      { problems: [expect.stringContaining('pam and github')] },
    );
  });
});

describe('a whole configuration', () => {
  const stated: StatedAccounts = {
    roles: [
      {
        name: 'grader',
        scopes: ['list:users'],
        users: ['ada', 'eve'],
        groups: ['class'],
        services: ['culler'],
      },
      { name: 'admin', users: ['root'], services: [] },
      { name: 'user', users: ['ada'] },
    ],
    groups: { class: { users: ['ada', 'eve'], properties: { a: 1 } } },
    services: [
      { name: 'culler', apiToken: 'culler-secret', roles: ['token'] },
      { name: 'boss', admin: true, url: 'http://127.0.0.1:1/', apiToken: 'boss-secret' },
    ],
  };
  const access = { admins: ['ada'], allowed: ['kim'], blocked: ['eve'] };
  const state = async ({ sql }: Hub) =>
    JSON.stringify([
      await sql`SELECT * FROM users ORDER BY id`,
      await sql`SELECT * FROM settings ORDER BY key`,
      await sql`SELECT * FROM user_roles ORDER BY 1, 2`,
      await sql`SELECT * FROM group_roles ORDER BY 1, 2`,
      await sql`SELECT * FROM service_roles ORDER BY 1, 2`,
      await sql`SELECT * FROM memberships ORDER BY 1, 2`,
      await sql`SELECT * FROM services ORDER BY id`,
      await sql`SELECT * FROM tokens ORDER BY id`,
      await sql`SELECT * FROM oauth_clients ORDER BY 1`,
      await sql`SELECT * FROM groups ORDER BY id`,
      await sql`SELECT * FROM roles ORDER BY id`,
    ]);

  it('changes nothing the second time', async () => {
    await withDatabase(async (database) => {
      await using hub = await hubWith(database, stated, access);
      await hub.user('eve'); // blocked, so nothing made her
      await hub.user('other');
      await hub.apply();
      const before = await state(hub);
      await hub.apply();
      await using again = await hubWith(database, stated, access);
      expect(await state(hub)).toBe(before);
      expect(again.applied).toEqual({
        created: [],
        changedRoles: [],
        removedServices: [],
        replacedServices: [],
      });
      expect(await hub.users.get('eve')).toMatchObject({ admin: false, roles: [], groups: [] });
    });
  });

  it('is applied by several hubs at once as by one', async () => {
    await withDatabase(async (database) => {
      const hubs = await Promise.all(Array.from({ length: 5 }, () => hubWith(database, stated, access)));
      const [hub] = hubs;
      if (!hub) throw new Error('no hub');
      expect(hubs.flatMap(({ applied }) => applied.created.map(({ name }) => name)).toSorted()).toEqual([
        'ada',
        'kim',
        'root',
      ]);
      expect(await epoch(hub)).toBe(2); // roles, and roles of groups
      const before = await state(hub);
      await hub.apply();
      expect(await state(hub)).toBe(before);
      for (const one of hubs) await one[Symbol.asyncDispose]();
    });
  });

  it('is all or nothing', async () => {
    await withDatabase(async (database) => {
      await using hub = await hubWith(database, {});
      const before = await state(hub);
      const wrong = { ...stated, roles: [{ name: 'grader', services: ['ghost', 'spook'] }] };
      await expect(hubWith(database, wrong, access)).rejects.toMatchObject({
        code: 'HUB_CONFIG_INVALID',
        problems: ["roles: there is no service 'ghost'", "roles: there is no service 'spook'"],
      });
      expect(await state(hub)).toBe(before);
    });
  });

  it('does not take longer with many users than with few', async () => {
    await withDatabase(async (database) => {
      await using hub = await hubWith(database, stated, access);
      await hub.sql`INSERT INTO users (name) SELECT 'student-' || n FROM generate_series(1, 50000) n`;
      await hub.sql`INSERT INTO user_roles (user_id, role_id) SELECT u.id, r.id FROM users u, roles r
        WHERE r.name = 'user' ON CONFLICT DO NOTHING`;
      await hub.sql`ANALYZE`;
      const exactUser = stated.roles?.filter(({ name }) => name !== 'user') ?? [];
      const started = performance.now();
      await using _again = await hubWith(database, { ...stated, roles: exactUser }, access);
      const ms = performance.now() - started;
      if (process.env.HUB_TEST_TELL) process.stdout.write(`applied over 50,000 users in ${ms} ms\n`);
      expect(ms).toBeLessThan(2_000);
    });
  });
});
