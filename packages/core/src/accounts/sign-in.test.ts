import { describe, expect, it } from 'vitest';
import { type AccountsOptions, openAccounts } from '../../test/support/accounts.ts';
import {
  type Authenticator,
  HubError,
  type Identity,
  type Logger,
  type RequestView,
} from '../plugin/index.ts';
import type { AuthenticatorInstance } from './access-rules.ts';
import { refusalText } from './sign-in.ts';

const request: RequestView = {
  method: 'POST',
  url: '/hub/login',
  path: '/hub/login',
  query: {},
  headers: { 'user-agent': 'test' },
  ip: '192.0.2.7',
  origin: 'http://hub',
  user: null,
};
const visit = { request, sessionId: 'session' };

/** Lets everybody in who knows the password `right`, and answers with more where told. */
function plain(
  id: string,
  more: Partial<Authenticator> = {},
  identity: Partial<Identity> = {},
): AuthenticatorInstance {
  const authenticator: Authenticator = {
    login: { form: { fields: ['username', 'password'] } },
    authenticate: async (_request, { username = '', password }) =>
      password === 'right' ? { name: username, ...identity } : null,
    ...more,
  };
  return { id, authenticator };
}

async function open(options: AccountsOptions = {}) {
  const hub = await openAccounts({ authenticators: [plain('pam')], access: { allowAll: true }, ...options });
  const enter = (username: string, id = 'pam', password = 'right') =>
    hub.signIn.withForm(id, visit, { username, password });
  const outcome = async (username: string, id = 'pam') => {
    const result = await enter(username, id);
    return result.ok ? result.user.name : result.reason;
  };
  return Object.assign(hub, { enter, outcome });
}

describe('signing in', () => {
  it('makes the user, with role, identity and login (P113)', async () => {
    await using hub = await open();
    const heard: string[] = [];
    hub.events.on('userCreated', ({ user }) => void heard.push(`created ${user}`));
    hub.events.on('signedIn', ({ user, authenticator }) => void heard.push(`in ${user} ${authenticator}`));
    const first = await hub.enter('Ada');
    if (!first.ok) throw new Error(first.reason);
    expect(first).toMatchObject({ created: true, user: { name: 'ada', admin: false, roles: ['user'] } });
    expect(await hub.credentials.checkLogin(first.login.secret)).toMatchObject({
      name: 'ada',
      sessionId: 'session',
    });
    expect(await hub.enter('ada')).toMatchObject({ ok: true, created: false });
    expect(heard).toEqual(['created ada', 'in ada pam', 'in ada pam']);
    const audit = await hub.sql`SELECT action, actor, ip FROM audit WHERE target = 'user:ada' ORDER BY id`;
    expect(audit.map(({ action, actor, ip }) => [action, actor, ip])).toEqual([
      ['user.create', 'ada', '192.0.2.7'],
      ['login.start', 'ada', '192.0.2.7'],
      ['login.start', 'ada', '192.0.2.7'],
    ]);
  });

  it('lets the same person in from many tabs at once, as one user', async () => {
    await using hub = await open();
    const results = await Promise.all(Array.from({ length: 20 }, () => hub.enter('ada')));
    expect(results.every(({ ok }) => ok)).toBe(true);
    expect(results.filter((result) => result.ok && result.created)).toHaveLength(1);
    const [row] = await hub.sql`SELECT count(*)::int AS count FROM logins`;
    expect(row?.count).toBe(20);
  });

  it('answers every refusal alike, makes no user, and logs the reason (P105)', async () => {
    const lines: object[] = [];
    const log: Logger = {
      trace() {},
      debug() {},
      warn() {},
      error() {},
      info: (fields) => void lines.push(fields),
      child: () => log,
    };
    await using hub = await open({ access: { allowed: ['ada', 'kim'], blocked: ['Kim'] }, log });
    const refused = { ok: false, status: 403, message: refusalText };
    expect(await hub.enter('ada', 'pam', 'wrong')).toEqual({ ...refused, reason: 'wrong credentials' });
    expect(await hub.enter('a/b')).toEqual({ ...refused, reason: 'invalid name' });
    expect(await hub.enter('%2E%2e')).toEqual({ ...refused, reason: 'invalid name' });
    expect(await hub.enter('KIM')).toEqual({ ...refused, reason: 'blocked' });
    expect(await hub.enter('zoe')).toEqual({ ...refused, reason: 'not allowed' });
    await hub.sql`UPDATE users SET disabled = true WHERE name = 'ada'`;
    expect(await hub.enter('ada')).toEqual({ ...refused, reason: 'disabled' });
    expect(await hub.users.get('zoe')).toBeNull();
    const refusals = lines.filter((line) => 'action' in line && line.action === 'login.refuse');
    expect(refusals).toHaveLength(6);
    expect(JSON.stringify(lines)).not.toContain('right');
  });

  it.each([
    ['empty', {}, { cfg: false, old: false, new: false }],
    ['a list', { allowed: ['cfg'] }, { cfg: true, old: true, new: false }],
    [
      'a list, none that exist',
      { allowed: ['cfg'], allowExisting: false },
      { cfg: true, old: false, new: false },
    ],
    ['those that exist', { allowExisting: true }, { cfg: false, old: true, new: false }],
    ['all', { allowAll: true, allowExisting: false }, { cfg: true, old: true, new: true }],
  ])('who comes in with %s (P119)', async (_, access, expected) => {
    await using hub = await open({ access });
    await hub.user('old');
    const comesIn = async (name: string) => (await hub.enter(name)).ok;
    expect({ cfg: await comesIn('cfg'), old: await comesIn('old'), new: await comesIn('new') }).toEqual(
      expected,
    );
  });

  it('lets everybody in whom an open authenticator knows, until the settings name somebody (P161)', async () => {
    const authenticators = [plain('dummy', { letsEverybodyIn: true }), plain('pam')];
    const comesIn = async (access: AccountsOptions['access'], id: string) => {
      await using hub = await open({ authenticators, access: access ?? {} });
      return (await hub.enter('new', id)).ok;
    };
    expect(await comesIn({}, 'dummy')).toBe(true);
    expect(await comesIn({}, 'pam')).toBe(false);
    expect(await comesIn({ allowed: ['ada'] }, 'dummy')).toBe(false);
    expect(await comesIn({ allowAll: false }, 'dummy')).toBe(false);
  });

  it('asks the authenticator for what the settings leave open (P109–P112)', async () => {
    const more: Partial<Authenticator> = {
      isBlocked: (name) => name === 'bad',
      isAllowed: (name) => name !== 'other',
      isAdmin: (name) => (name === 'ada' ? false : name === 'root' ? true : null),
    };
    await using hub = await open({
      authenticators: [plain('pam', more)],
      access: { admins: ['ada'], allowExisting: true },
    });
    expect(await hub.outcome('bad')).toBe('blocked');
    expect(await hub.outcome('other')).toBe('not allowed');
    expect(await hub.enter('root')).toMatchObject({ user: { admin: true, roles: ['admin', 'user'] } });
    expect(await hub.enter('ada')).toMatchObject({ user: { admin: true } });
    expect(await hub.enter('bob')).toMatchObject({ user: { admin: false } });
  });

  it('sets admin and user_info as the identity says, and leaves them where it says nothing (P113)', async () => {
    const brought: { current: Partial<Identity> } = { current: { admin: true, userInfo: { mail: 'a@b' } } };
    const authenticate = async () => ({ name: 'ada', ...brought.current });
    await using hub = await open({ authenticators: [plain('pam', { authenticate })] });
    expect(await hub.enter('x')).toMatchObject({ user: { admin: true, userInfo: { mail: 'a@b' } } });
    brought.current = { admin: null, userInfo: null };
    expect(await hub.enter('x')).toMatchObject({ user: { admin: true, userInfo: { mail: 'a@b' } } });
    brought.current = { admin: false };
    expect(await hub.enter('x')).toMatchObject({ user: { admin: false, roles: ['user'] } });
  });
});

describe('a name belongs to the identity that first signed in with it', () => {
  const two = [plain('pam'), plain('github')];

  it('and no other authenticator gets it', async () => {
    await using hub = await open({ authenticators: two });
    expect(await hub.outcome('ada')).toBe('ada');
    expect(await hub.outcome('ada', 'github')).toBe('name belongs to another identity');
    expect(await hub.outcome('bob', 'github')).toBe('bob');
    expect(await hub.outcome('bob')).toBe('name belongs to another identity');
  });

  it('and an account nobody used yet to the first authenticator, or to the one it is listed for', async () => {
    const access = { allowAll: true, admins: ['ada', 'github:gus'] };
    await using hub = await open({ authenticators: two, access });
    await hub.user('made');
    expect(await hub.outcome('made', 'github')).toBe('name belongs to another identity');
    expect(await hub.outcome('made')).toBe('made');
    expect(await hub.outcome('ada', 'github')).toBe('name belongs to another identity');
    expect(await hub.outcome('gus')).toBe('name belongs to another identity');
    expect(await hub.enter('gus', 'github')).toMatchObject({
      ok: true,
      created: false,
      user: { admin: true },
    });
  });

  it('unless the configuration maps it', async () => {
    const access = { allowAll: true, nameMap: { 'github:ada-l': 'ada' } };
    await using hub = await open({ authenticators: two, access });
    expect(await hub.outcome('ada')).toBe('ada');
    expect(await hub.outcome('Ada-L', 'github')).toBe('ada');

    const listed = { admins: ['ada'], allowed: ['ada'], allowExisting: false, nameMap: access.nameMap };
    await using strict = await open({ authenticators: two, access: listed });
    expect(await strict.outcome('ada-l', 'github')).toBe('ada');
    expect(await strict.outcome('ada', 'github')).toBe('not allowed');
  });

  it('and stays theirs when the provider calls them otherwise or gives the name to another', async () => {
    const brought: { current: Identity } = { current: { name: 'ada', subject: '1' } };
    await using hub = await open({
      authenticators: [plain('oidc', { authenticate: async () => brought.current })],
    });
    expect(await hub.outcome('', 'oidc')).toBe('ada');
    brought.current = { name: 'ada.lovelace', subject: '1' };
    expect(await hub.outcome('', 'oidc')).toBe('ada');
    brought.current = { name: 'ada', subject: '2' };
    expect(await hub.outcome('', 'oidc')).toBe('name belongs to another identity');
  });

  it('whoever of two comes first', async () => {
    await using hub = await open({ authenticators: two });
    const results = await Promise.all(
      [...Array(8).keys()].map((i) => hub.enter('ada', i % 2 ? 'pam' : 'github')),
    );
    const [{ count } = { count: 0 }] = await hub.sql`SELECT count(*)::int AS count FROM identities`;
    expect(count).toBe(1);
    expect(results.filter(({ ok }) => ok)).toHaveLength(4);
  });
});

describe('a plugin that fails', () => {
  it('in onUserAdded leaves nothing behind (P115, our fix)', async () => {
    let fails = true;
    const onUserAdded = () => {
      if (fails) throw new Error('no home');
    };
    await using hub = await open({ authenticators: [plain('pam', { onUserAdded })] });
    await expect(hub.enter('ada')).rejects.toMatchObject({ code: 'HUB_PLUGIN_FAILED' });
    expect(await hub.users.get('ada')).toBeNull();
    const [row] = await hub.sql`SELECT count(*)::int AS count FROM identities`;
    expect(row?.count).toBe(0);
    fails = false;
    expect(await hub.outcome('ada')).toBe('ada');
  });

  it('is told from one that says no, and its own words are kept (P104)', async () => {
    const says = (error: Error) => plain('pam', { authenticate: async () => Promise.reject(error) });
    await using broken = await open({ authenticators: [says(new TypeError('x'))] });
    await expect(broken.enter('ada')).rejects.toMatchObject({ code: 'HUB_PLUGIN_FAILED', status: 500 });
    await using refusing = await open({
      authenticators: [says(new HubError('HUB_FORBIDDEN', 'Come back tomorrow'))],
    });
    await expect(refusing.enter('ada')).rejects.toMatchObject({ status: 403, message: 'Come back tomorrow' });
  });

  it('by never answering is answered without (P101)', async () => {
    const overdue: string[] = [];
    const authenticate = () => new Promise<null>(() => {});
    await using hub = await open({ authenticators: [plain('pam', { authenticate })], pluginTimeout: 0.05 });
    hub.events.on('pluginOverdue', ({ plugin, call }) => void overdue.push(`${plugin}.${call}`));
    await expect(hub.enter('ada')).rejects.toMatchObject({ code: 'HUB_UNAVAILABLE' });
    await new Promise((resolve) => setImmediate(resolve));
    expect(overdue).toEqual(['pam.authenticate']);
  });

  it('in onLogin does not undo the login', async () => {
    const onLogin = () => Promise.reject(new Error('x'));
    await using hub = await open({ authenticators: [plain('pam', { onLogin })] });
    expect(await hub.outcome('ada')).toBe('ada');
  });
});

it('lets further steps write in the transaction of the login', async () => {
  const steps = [async () => async () => Promise.reject(new HubError('HUB_FORBIDDEN', 'no group'))];
  await using hub = await open({ steps });
  await expect(hub.enter('ada')).rejects.toThrow('no group');
  const [row] = await hub.sql`SELECT count(*)::int AS count FROM logins`;
  expect(row?.count).toBe(0);
});
