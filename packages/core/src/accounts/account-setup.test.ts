import { describe, expect, it } from 'vitest';
import { openAccounts, tester } from '../../test/support/accounts.ts';
import { testDatabase } from '../../test/support/database.ts';
import type { Authenticator } from '../plugin/index.ts';
import { accessRules } from './access-rules.ts';

const authenticator: Authenticator = { login: { none: true }, authenticate: async () => null };

describe('applying the configuration', () => {
  it('makes the default roles, the client of the hub, and those it names (R148, R175, P614)', async () => {
    await using hub = await openAccounts({ access: { admins: ['Ada'], allowed: ['grace'] } });
    expect(hub.applied.created.map(({ name }) => name)).toEqual(['ada', 'grace']);
    expect(hub.applied.changedRoles.toSorted()).toEqual(['admin', 'server', 'token', 'user']);
    expect(await hub.users.get('ada')).toMatchObject({ admin: true, roles: ['admin', 'user'] });
    expect(await hub.users.get('grace')).toMatchObject({ admin: false, roles: ['user'] });
    expect(await hub.clients.get('jupyterhub')).toMatchObject({
      description: 'JupyterHub',
      client: { kind: 'hub' },
    });
  });

  it('changes nothing the second time, and voids no kept scopes', async () => {
    await using hub = await openAccounts({ access: { admins: ['ada'] } });
    const state = async () => [
      await hub.sql`SELECT name, admin, access_version FROM users ORDER BY id`,
      await hub.sql`SELECT * FROM settings ORDER BY key`,
      await hub.sql`SELECT * FROM user_roles ORDER BY 1, 2`,
    ];
    const before = JSON.stringify(await state());
    expect(await hub.apply()).toEqual({
      created: [],
      changedRoles: [],
      removedServices: [],
      replacedServices: [],
    });
    expect(JSON.stringify(await state())).toBe(before);
  });

  it('never demotes, and keeps flag and role of administrators equal (R154)', async () => {
    await using hub = await openAccounts({ access: { admins: ['ada'] } });
    const bob = await hub.user('bob');
    await hub.sql`INSERT INTO user_roles (user_id, role_id) SELECT ${bob.id}, id FROM roles WHERE name = 'admin'`;
    await hub.sql`INSERT INTO services (name, admin, from_config) VALUES ('boss', true, false)`;
    await using later = await openAccounts({ database: hub.database });
    expect(await later.users.get('ada')).toMatchObject({ admin: true });
    expect(await later.users.get('bob')).toMatchObject({ admin: true, roles: ['admin', 'user'] });
    const [row] = await hub.sql`SELECT count(*)::int AS count FROM service_roles`;
    expect(row?.count).toBe(1);
  });

  it('takes rights and groups from the blocked, and refuses what they hold (P617)', async () => {
    await using hub = await openAccounts();
    const eve = await hub.user('eve', true);
    const { token } = await hub.tokens.create(tester, eve, {});
    await using later = await openAccounts({ database: hub.database, access: { blocked: ['eve'] } });
    expect(await later.users.get('eve')).toMatchObject({ admin: false, roles: [], groups: [] });
    expect(await hub.credentials.check(token)).toBeNull();
    await using last = await openAccounts({ database: hub.database });
    expect((await last.credentials.check(token))?.scopes.holds('servers')).toBe(false);
  });

  it('keeps names out however they are written, by one authenticator or by all (P107)', async () => {
    const authenticators = ['pam', 'github'].map((id) => ({ id, authenticator }));
    await using hub = await openAccounts({ authenticators });
    const [bob, eve, mia] = [await hub.user('bob'), await hub.user('eve'), await hub.user('mia')];
    const signIn = async (user: typeof bob, by: string) => {
      await hub.sql`INSERT INTO identities (user_id, authenticator, subject) VALUES (${user.id}, ${by}, ${user.name})`;
      const { secret } = await hub.logins.start(tester, user, {
        authenticator: by,
        subject: user.name,
        providerSession: null,
        sessionId: null,
        userAgent: '',
        ip: '',
      });
      return secret;
    };
    const logins = [
      await signIn(bob, 'pam'),
      await signIn(eve, 'github'),
      await signIn(mia, 'github'),
      await signIn(mia, 'pam'),
    ];
    const isIn = () =>
      Promise.all(logins.map(async (secret) => (await hub.credentials.checkLogin(secret)) !== null));
    const out = async () =>
      (await Promise.all(['bob', 'eve', 'mia'].map((name) => hub.users.get(name)))).map(
        (user) => user?.disabled,
      );
    expect(await isIn()).toEqual([true, true, true, true]);
    const blocked = ['Bob', 'github:Eve', 'github:mia'];
    for (let start = 0; start < 2; start++) {
      await using _later = await openAccounts({
        database: hub.database,
        authenticators,
        access: { blocked },
      });
      expect(await isIn()).toEqual([false, false, false, true]);
      expect(await out()).toEqual([true, true, false]);
    }
    await using _last = await openAccounts({ database: hub.database, authenticators });
    expect(await out()).toEqual([false, false, false]);
    expect(await isIn()).toEqual([false, false, false, true]); // logins do not come back
  });

  it('is done by many hubs at once as by one', async () => {
    const database = await testDatabase();
    const access = { admins: ['ada'], allowed: Array.from({ length: 50 }, (_, i) => `u${i}`) };
    const hubs = await Promise.all(Array.from({ length: 5 }, () => openAccounts({ database, access })));
    expect(hubs.flatMap(({ applied }) => applied.created)).toHaveLength(51);
    for (const hub of hubs) await hub[Symbol.asyncDispose]();
    await database.drop();
  });
});

describe('the lists of names', () => {
  const two = [
    { id: 'pam', authenticator },
    { id: 'github', authenticator },
  ];

  it('name all mistakes together', async () => {
    await expect(accessRules({ admins: ['a/b'], allowed: ['', 'ok'] }, two)).rejects.toMatchObject({
      code: 'HUB_CONFIG_INVALID',
      problems: [
        expect.stringContaining("access.admins: 'a/b'"),
        expect.stringContaining("access.allowed: ''"),
      ],
    });
    await expect(accessRules({ admins: ['ada'], allowed: ['github:ada'] }, two)).rejects.toMatchObject({
      problems: [expect.stringContaining('pam and github')],
    });
  });

  it('mean the first authenticator unless they say another', async () => {
    const rules = await accessRules({ admins: ['ada', 'github:gus'], blocked: ['eve', 'github:kim'] }, two);
    expect([rules.isAdmin('pam', 'ada'), rules.isAdmin('github', 'ada')]).toEqual([true, false]);
    expect([rules.isAdmin('pam', 'gus'), rules.isAdmin('github', 'gus')]).toEqual([false, true]);
    // To keep a name out is meant for whoever brings it.
    expect([rules.isBlocked('pam', 'eve'), rules.isBlocked('github', 'eve')]).toEqual([true, true]);
    expect([rules.isBlocked('pam', 'kim'), rules.isBlocked('github', 'kim')]).toEqual([false, true]);
  });
});
