import type { Authenticator, Logger, PluginInstance, RequestView } from '@hub/core/plugin';
import { authenticatorConformance, createTestHub } from '@hub/testing';
import { describe, expect, it } from 'vitest';
import { dummyAuthenticator, nullAuthenticator, sharedPasswordAuthenticator } from './index.ts';

const userPassword = 'open-sesame';
const adminPassword = 'an administrator password of 32+ characters';
const workshop = { userPassword, adminPassword, admins: ['ada'] };

const log: Logger = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, child: () => log };
const lifecycle = { onStart() {}, onStop() {} };
const request: RequestView = {
  method: 'POST',
  url: '/',
  path: '/',
  query: {},
  headers: {},
  ip: '',
  origin: '',
  user: null,
};

/** Makes what a hub would, with defaults filled in as its validation does. */
function create(plugin: PluginInstance<Authenticator>): Authenticator {
  const defaults = { admins: [], groupPasswords: [] };
  const filled = plugin.id === 'dummy' ? plugin.options : { ...defaults, ...plugin.options };
  const context = { options: filled, lifecycle, id: plugin.id, log };
  return plugin.create(context);
}

const enter = (plugin: PluginInstance<Authenticator>, username: string, password: string) =>
  create(plugin).authenticate(request, { username, password });

describe('dummy, with a password', () => {
  const authenticator = create(dummyAuthenticator({ password: 'right' }));
  const valid = { username: 'ada', password: 'right' };
  const wrong = { username: 'ada', password: 'wrong' };
  authenticatorConformance(it, () => ({ authenticator, valid, wrong }));
});

describe('dummy, without one', () => {
  const authenticator = create(dummyAuthenticator());
  const valid = { username: 'ada', password: 'any' };
  authenticatorConformance(it, () => ({ authenticator, valid }), { supports: { refusal: false } });

  it('lets in anybody who gives a name, and says so at start (P161)', async () => {
    expect(await enter(dummyAuthenticator(), 'ada', '')).toEqual({ name: 'ada' });
    expect(await enter(dummyAuthenticator(), '', 'x')).toBeNull();
    expect(await authenticator.checkConfig?.()).toEqual([expect.stringContaining('anybody in as anybody')]);
  });
});

describe('shared password', () => {
  const authenticator = create(sharedPasswordAuthenticator(workshop));
  const valid = { username: 'bob', password: userPassword };
  const wrong = { username: 'bob', password: 'open-sesam' };
  authenticatorConformance(it, () => ({ authenticator, valid, wrong }));

  it.each([
    ['bob', userPassword, { name: 'bob', admin: false }],
    ['ada', adminPassword, { name: 'ada', admin: true }],
    ['ADA', adminPassword, { name: 'ada', admin: true }],
    ['ada', userPassword, null],
    ['ADA', userPassword, null],
    ['bob', adminPassword, null],
    ['bob', '', null],
    ['', userPassword, null],
  ])('answers %s with %s: %j (P162)', async (name, password, identity) => {
    expect(await enter(sharedPasswordAuthenticator(workshop), name, password)).toEqual(identity);
  });

  it('does not take an absent password for an empty one', async () => {
    const plugin = sharedPasswordAuthenticator({ admins: ['ada'] });
    expect(await enter(plugin, 'ada', '')).toBeNull();
    expect(await enter(plugin, 'bob', '')).toBeNull();
    expect(await enter(plugin, 'ada', 'undefined')).toBeNull();
  });

  it('puts into groups by password, and out of them by the common one (P162)', async () => {
    const groupPasswords = [{ password: 'tutors-only', groups: ['tutors'] }];
    const plugin = sharedPasswordAuthenticator({ ...workshop, groupPasswords });
    expect(await enter(plugin, 'bob', 'tutors-only')).toEqual({
      name: 'bob',
      admin: false,
      groups: ['tutors'],
    });
    expect(await enter(plugin, 'bob', userPassword)).toEqual({ name: 'bob', admin: false, groups: [] });
    expect(await enter(plugin, 'ada', 'tutors-only')).toBeNull();
  });

  it('refuses weak passwords at start, all mistakes together, and does not repeat them', () => {
    const weak = () =>
      create(sharedPasswordAuthenticator({ userPassword: 'short-1', adminPassword: 'short-1' }));
    expect(weak).toThrowError(
      expect.objectContaining({
        code: 'HUB_CONFIG_INVALID',
        problems: [
          'userPassword must have at least 8 characters',
          'adminPassword must have at least 32 characters',
          'adminPassword must differ from userPassword',
        ],
      }),
    );
    expect(weak).not.toThrowError(/short-1/);
    expect(() =>
      create(sharedPasswordAuthenticator({ userPassword: 'x'.repeat(8), adminPassword: 'y'.repeat(32) })),
    ).not.toThrow();
  });

  it('marks every password as secret', () => {
    const { properties } = sharedPasswordAuthenticator.definition.options;
    expect([properties.userPassword.secret, properties.adminPassword.secret]).toEqual([true, true]);
    expect(properties.groupPasswords.items.properties.password.secret).toBe(true);
    expect(dummyAuthenticator.definition.options.properties.password.secret).toBe(true);
  });
});

describe('null', () => {
  it('shows nobody a login page, and tokens work (P163)', async () => {
    await using hub = await createTestHub({ plugins: [nullAuthenticator()] });
    expect((await hub.request('GET', '/hub/login')).status).toBe(403);
    expect((await hub.request('GET', '/hub/login?authenticator=null')).text).not.toContain('<form');
    const { headers } = await hub.request('GET', '/hub/login?authenticator=null');
    const [xsrf = ''] = /_xsrf=[^;]+/.exec(String(headers['set-cookie'])) ?? [];
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const body = `${xsrf}&username=ada&password=x`;
    expect((await hub.request('POST', '/hub/login', { headers: form, cookie: xsrf, body })).status).toBe(403);
    const ada = await hub.tokenOf('ada');
    expect((await hub.request('GET', '/hub/api/user', { token: ada })).json).toMatchObject({ name: 'ada' });
  });
});
