import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Accounts, openAccounts, tester } from '../../test/support/accounts.ts';
import { randomIds } from '../kernel/index.ts';
import type { TokenWish } from './mint-token.ts';
import { mintToken } from './mint-token.ts';

let hub: Accounts;
beforeAll(async () => {
  hub = await openAccounts({ activityResolution: 3600 });
});
afterAll(async () => {
  await hub[Symbol.asyncDispose]();
});

async function tokenOf(name: string, wish: Partial<TokenWish> = {}) {
  const user = (await hub.users.get(name)) ?? (await hub.user(name));
  const minted = await mintToken(
    { store: hub.tokenStore, ids: randomIds },
    {
      ownerKind: 'user',
      ownerId: user.id,
      clientId: 'jupyterhub',
      sessionId: null,
      note: '',
      scopes: ['inherit'],
      expiresIn: null,
      ...wish,
    },
  );
  return { ...minted, user };
}

describe('a token', () => {
  it('tells who its owner is and what it permits (R46, R142)', async () => {
    const { token, id, user } = await tokenOf('ada');
    const who = await hub.credentials.check(token);
    expect(who).toMatchObject({
      kind: 'user',
      id: user.id,
      name: 'ada',
      admin: false,
      groups: [],
      tokenId: `a${id}`,
      clientId: 'jupyterhub',
      sessionId: null,
      loginId: null,
      isServer: false,
    });
    expect(who?.created).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
    expect(who?.scopes.toStrings()).toContain('servers!user=ada');
  });

  it('is nothing when unknown, empty or longer than 64 characters (R8)', async () => {
    expect(await hub.credentials.check('nope')).toBeNull();
    expect(await hub.credentials.check('')).toBeNull();
    expect(await hub.credentials.check('a'.repeat(65))).toBeNull();
  });

  it('ends with its time and with its row, at the next look', async () => {
    const short = await tokenOf('bob', { expiresIn: 1000 });
    const revoked = await tokenOf('bob');
    expect(await hub.credentials.check(short.token)).not.toBeNull();
    expect(await hub.credentials.check(revoked.token)).not.toBeNull();
    await hub.tokenStore.remove(revoked.id);
    await hub.passTime(1001);
    expect(await hub.credentials.check(short.token)).toBeNull();
    expect(await hub.credentials.check(revoked.token)).toBeNull();
  });

  it('of a disabled user is nothing', async () => {
    const { token, user } = await tokenOf('cy');
    await hub.sql`UPDATE users SET disabled = true WHERE id = ${user.id}`;
    expect(await hub.credentials.check(token)).toBeNull();
  });

  it('has only the scopes it was given, as far as the owner holds them (R144)', async () => {
    const { token } = await tokenOf('dan', { scopes: ['read:users!user=dan', 'admin:users'] });
    const scopes = (await hub.credentials.check(token))?.scopes.toStrings();
    expect(scopes).toContain('read:users!user=dan');
    expect(scopes?.some((text) => text.startsWith('admin:'))).toBe(false);
  });

  it('of a server may use that server, and is no activity of the user (R11, R146)', async () => {
    const user = await hub.user('eve');
    const [server] =
      await hub.sql`INSERT INTO servers (user_id, name, spawner) VALUES (${user.id}, 'gpu', 'local') RETURNING id`;
    await hub.clients.put({
      identifier: 'jupyterhub-user-eve-gpu',
      description: 'Server at /user/eve/gpu/',
      secret: 's',
      redirectUri: '/x',
      allowedScopes: [],
      serverId: Number(server?.id),
    });
    const { token } = await tokenOf('eve', {
      scopes: ['users:activity!user', 'access:servers!server'],
      clientId: 'jupyterhub-user-eve-gpu',
      note: 'Server at /user/eve/gpu/',
    });
    const who = await hub.credentials.check(token);
    expect(who?.isServer).toBe(true);
    expect(who?.scopes.toStrings()).toContain('access:servers!server=eve/gpu');
    await hub.lastSeen.drain();
    expect((await hub.users.get('eve'))?.lastActivity).toBeNull();
  });

  it('of a service carries the roles of the service (R143)', async () => {
    const [service] = await hub.sql`INSERT INTO services (name) VALUES ('culler') RETURNING id`;
    await hub.sql`INSERT INTO service_roles (service_id, role_id)
      SELECT ${service?.id}, id FROM roles WHERE name = 'admin'`;
    const { token } = await tokenOf('ada', { ownerKind: 'service', ownerId: Number(service?.id) });
    const who = await hub.credentials.check(token);
    expect(who).toMatchObject({ kind: 'service', name: 'culler', groups: [], created: null });
    expect(who?.scopes.toStrings()).toContain('admin:users');
  });
});

describe('what was kept of scopes', () => {
  it('is void at once when the owner becomes administrator, and again when not (R144)', async () => {
    const { token, user } = await tokenOf('fay');
    const held = async () => (await hub.credentials.check(token))?.scopes.holds('admin:users');
    expect(await held()).toBe(false);
    await hub.users.setAdmin(tester, user, true);
    expect(await held()).toBe(true);
    await hub.users.setAdmin(tester, user, false);
    expect(await held()).toBe(false);
  });

  it('is void when a role changes for everybody, on every hub', async () => {
    const { token } = await tokenOf('gil');
    await using other = await openAccounts({ database: hub.database });
    expect((await other.credentials.check(token))?.scopes.holds('list:users')).toBe(false);
    const { postgresAccountSetup } = await import('../storage/accounts/index.ts');
    const role = { name: 'user', description: '', scopes: ['self', 'list:users'] };
    await hub.work.run(null, async () => void (await postgresAccountSetup(hub.db).putRoles([role])));
    expect((await other.credentials.check(token))?.scopes.holds('list:users')).toBe(true);
    await hub.apply();
    expect((await other.credentials.check(token))?.scopes.holds('list:users')).toBe(false);
  });

  it('is not kept when it depends on the memberships of others (R141)', async () => {
    const teacher = await hub.user('hal');
    const pupil = await hub.user('ivy');
    await hub.sql`INSERT INTO groups (name) VALUES ('class')`;
    await hub.sql`INSERT INTO roles (name, scopes) VALUES ('teacher', '["read:users!group=class"]')`;
    await hub.sql`INSERT INTO user_roles (user_id, role_id) SELECT ${teacher.id}, id FROM roles WHERE name = 'teacher'`;
    const { token } = await tokenOf('hal', { scopes: ['read:users!user=ivy'] });
    const sees = async () =>
      (await hub.credentials.check(token))?.scopes.toStrings().includes('read:users!user=ivy');
    expect(await sees()).toBe(false);
    await hub.sql`INSERT INTO memberships (group_id, user_id) SELECT id, ${pupil.id} FROM groups WHERE name = 'class'`;
    expect(await sees()).toBe(true);
    await hub.sql`DELETE FROM memberships WHERE user_id = ${pupil.id}`;
    expect(await sees()).toBe(false);
  });
});

describe('a login', () => {
  it('tells who is signed in, until it ends', async () => {
    const user = await hub.user('jon');
    const origin = {
      authenticator: 'pam',
      subject: 'ada',
      providerSession: null,
      sessionId: 'session',
      userAgent: '',
      ip: '',
    };
    const login = await hub.logins.start(tester, user, origin);
    const who = await hub.credentials.checkLogin(login.secret);
    expect(who).toMatchObject({
      kind: 'user',
      name: 'jon',
      loginId: login.id,
      tokenId: null,
      sessionId: 'session',
    });
    expect(who?.scopes.holds('servers')).toBe(true);
    expect(await hub.credentials.checkLogin('x')).toBeNull();
    await hub.passTime(14 * 24 * 3600 + 1);
    expect(await hub.credentials.checkLogin(login.secret)).toBeNull();
  });
});
