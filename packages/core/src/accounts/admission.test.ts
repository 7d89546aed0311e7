import { describe, expect, it } from 'vitest';
import { type AccountsOptions, openAccounts } from '../../test/support/accounts.ts';
import { type Authenticator, HubError, type Identity, type RequestView } from '../plugin/index.ts';
import type { PostAuth } from './admission.ts';

const request: RequestView = {
  method: 'POST',
  url: '/hub/login',
  path: '/hub/login',
  query: {},
  headers: {},
  ip: '192.0.2.7',
  origin: 'http://hub',
  user: null,
};
const visit = { request, sessionId: null };

async function open(postAuth: PostAuth, more: AccountsOptions = {}, identity: Partial<Identity> = {}) {
  const authenticator: Authenticator = {
    login: { form: { fields: ['username', 'password'] } },
    authenticate: async (_request, { username = '', password }) =>
      password === 'right' ? { name: username, ...identity } : null,
  };
  const authenticators = ['pam', 'github'].map((id) => ({ id, authenticator }));
  const hub = await openAccounts({ authenticators, access: { allowAll: true }, postAuth, ...more });
  const enter = (username: string, id = 'pam', password = 'right') =>
    hub.signIn.withForm(id, visit, { username, password });
  const outcome = async (...[username, id, password]: Parameters<typeof enter>) => {
    const result = await enter(username, id, password);
    return result.ok ? result.user.name : result.reason;
  };
  return Object.assign(hub, { enter, outcome });
}

describe('hooks.postAuth (P101)', () => {
  it('is asked about those who passed, with name, subject and admin flag as decided', async () => {
    const seen: unknown[] = [];
    const note: PostAuth = (identity, { authenticator, request: { ip } }) => {
      seen.push({ ...identity, authenticator, ip });
      return identity;
    };
    const access = { allowed: ['ada'], admins: ['root'], blocked: ['eve'] };
    await using hub = await open(note, { access }, { userInfo: { course: 7 } });
    expect(await hub.outcome('Ada')).toBe('ada');
    expect(await hub.outcome('ROOT')).toBe('root');
    expect(await hub.outcome('ada', 'pam', 'wrong')).toBe('wrong credentials');
    expect(await hub.outcome('eve')).toBe('blocked');
    expect(await hub.outcome('grace')).toBe('not allowed');
    const common = { authenticator: 'pam', ip: '192.0.2.7', userInfo: { course: 7 } };
    expect(seen).toEqual([
      { name: 'ada', subject: 'ada', admin: null, ...common },
      { name: 'root', subject: 'root', admin: true, ...common },
    ]);
  });

  it('refuses by null, and leaves no user behind', async () => {
    await using hub = await open(() => null);
    expect(await hub.outcome('ada')).toBe('refused by postAuth');
    expect(await hub.users.get('ada')).toBeNull();
    expect(await hub.signIn.verify(['pam'], visit, { username: 'ada', password: 'right' })).toBeNull();
  });

  it('changes what is kept of the identity, the admin flag included', async () => {
    const change: PostAuth = (identity) => ({ ...identity, admin: true, userInfo: { team: 'blue' } });
    await using hub = await open(change);
    await hub.enter('ada');
    expect(await hub.users.get('ada')).toMatchObject({ admin: true, userInfo: { team: 'blue' } });
  });

  it('may give another name, which need not be on the list of who is allowed', async () => {
    const cut: PostAuth = (identity) => ({ ...identity, name: identity.name.replace(/@.*/, '') });
    await using hub = await open(cut, { access: { allowed: ['ada@uni.example'] } });
    expect(await hub.outcome('ada@uni.example')).toBe('ada');
    // The same person comes back as the same user.
    expect(await hub.outcome('ada@uni.example')).toBe('ada');
    const found = await hub.users.get('ada');
    expect(found && (await hub.store.identitiesOf(found.id))).toMatchObject([
      { authenticator: 'pam', subject: 'ada@uni.example' },
    ]);
  });

  it.each([
    ['somebody else', 'grace', 'name belongs to another identity'],
    ['nobody who may come in', 'eve', 'blocked'],
    ['no name', 'a/b', 'invalid name'],
  ])('cannot turn anybody into %s', async (_who, name, reason) => {
    const turn: PostAuth = (identity, { authenticator }) =>
      authenticator === 'github' ? { ...identity, name } : identity;
    await using hub = await open(turn, { access: { allowAll: true, blocked: ['eve'] } });
    await hub.enter('grace');
    expect(await hub.outcome('mallory', 'github')).toBe(reason);
  });

  it('cannot give an identity the subject of another', async () => {
    const turn: PostAuth = (identity) =>
      identity.name.startsWith('m')
        ? { ...identity, name: identity.name.slice(0, 7), subject: 'grace' }
        : identity;
    await using hub = await open(turn);
    await hub.enter('grace');
    expect(await hub.outcome('mallory')).toBe('mallory');
    expect(await hub.outcome('mallory.two')).toBe('name belongs to another identity');
  });

  it('that throws is no refusal: words of its own are kept, anything else is a fault, silence too', async () => {
    const expired = new HubError('HUB_FORBIDDEN', 'Your term has ended.');
    const hooks: Record<string, PostAuth> = {
      words: () => Promise.reject(expired),
      fault: () => Promise.reject(new Error('no such table')),
      // @ts-expect-error an identity without a name
      nameless: () => ({}),
      silence: () => new Promise(() => undefined),
    };
    const outcome = async (hook: PostAuth) => {
      await using hub = await open(hook, { pluginTimeout: 0.2 });
      return await hub.enter('ada').catch(({ code, message }: HubError) => ({ code, message }));
    };
    const found = await Promise.all(Object.values(hooks).map(outcome));
    expect(found).toEqual([
      { code: 'HUB_FORBIDDEN', message: 'Your term has ended.' },
      { code: 'HUB_PLUGIN_FAILED', message: 'The configuration failed in hooks.postAuth.' },
      { code: 'HUB_PLUGIN_FAILED', message: 'hooks.postAuth answered without a user name.' },
      { code: 'HUB_UNAVAILABLE', message: 'The configuration does not answer.' },
    ]);
  });
});
