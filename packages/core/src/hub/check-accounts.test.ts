import { describe, expect, it } from 'vitest';
import { checkAccounts, type StatedAccounts } from './check-accounts.ts';

const look = (stated: object, baseUrl = '/') => checkAccounts(stated as StatedAccounts, baseUrl);
const problems = (stated: object) => look(stated).problems;

describe('roles of a configuration', () => {
  it('change and extend the default ones (R148, R151)', () => {
    const { accounts } = look({
      roles: [
        { name: 'token', scopes: ['read:users!user'] },
        { name: 'server', description: 'Less' },
        { name: 'grader', scopes: ['list:users'], users: ['ada'] },
      ],
      extraUserScopes: ['read:hub'],
    });
    expect(accounts.roles.get('token')?.scopes).toEqual(['read:users!user']);
    expect(accounts.roles.get('server')?.scopes).toContain('access:servers!server');
    expect(accounts.roles.get('user')?.scopes).toEqual(['self', 'read:hub']);
    expect(accounts.roles.get('admin')?.scopes).toContain('admin:users');
    expect(accounts.roles.get('grader')?.scopes).toEqual(['list:users']);
  });

  it('may use scopes of the same configuration (R160, R161)', () => {
    const { accounts, problems: found } = look({
      customScopes: {
        'custom:app:all': { description: 'All', subscopes: ['custom:app:read'] },
        'custom:app:read': { description: 'Read' },
      },
      roles: [{ name: 'reader', scopes: ['custom:app:all!user=ada'] }],
    });
    expect(found).toEqual([]);
    expect(accounts.table.closure('custom:app:all')).toEqual(['custom:app:all', 'custom:app:read']);
  });

  it.each([
    ['an omitted kind is empty (R152)', { name: 'grader' }, { users: [], groups: [], services: [] }],
    ['users of `user` stay', { name: 'user' }, { users: null, groups: [], services: [] }],
    ['admin follows flags', { name: 'admin' }, { users: null, groups: [], services: null }],
    [
      'admin with lists is exact',
      { name: 'admin', users: [], services: ['x'] },
      { users: [], services: ['x'] },
    ],
  ])('%s', (_what, role, members) => {
    expect(look({ roles: [role] }).accounts.members).toEqual([
      expect.objectContaining({ role: role.name, ...members }),
    ]);
  });
});

describe('mistakes', () => {
  it('are named all together, with their places', () => {
    const { problems: found, warnings } = look({
      customScopes: { 'custom:x': { description: '' } },
      roles: [
        { name: 'A', scopes: ['nonsense', 'custom:x'] },
        { name: 'admin', scopes: [] },
        { name: 'grader', services: ['ghost'] },
        { name: 'grader' },
      ],
      extraUserScopes: ['bogus'],
      services: [
        { name: 'a/b' },
        { name: 'one', url: 'ftp://x', roles: ['none'] },
        { name: 'two', oauth: { clientId: 'two', allowedScopes: ['nope'] } },
      ],
    });
    expect(found).toEqual([
      expect.stringContaining('customScopes: custom:x: the name must be'),
      expect.stringContaining('customScopes: custom:x: needs a description'),
      expect.stringContaining("'bogus'"),
      expect.stringContaining("roles: Role name 'A'"),
      expect.stringContaining("'nonsense'"),
      expect.stringContaining('its scopes are fixed'),
      expect.stringContaining('grader is defined more than once'),
      expect.stringContaining("services: a/b: 'a/b' cannot be the name"),
      expect.stringContaining("services: one: url: 'ftp://x'"),
      expect.stringContaining("services: one: roles: there is no role 'none'"),
      expect.stringContaining("'nope' for service two does not exist"),
      expect.stringContaining("services: two: oauth.clientId: 'two' must begin with 'service-'"),
      expect.stringContaining('services: two: oauth.redirectUri: must be given'),
    ]);
    expect(warnings.some((warning) => warning.includes("names the service 'ghost'"))).toBe(true);
  });

  it('in keys are told with the likely one (W94)', () => {
    expect(
      problems({ services: [{ name: 'web', api_token: 'x' }], roles: [{ name: 'abc', user: [] }] }),
    ).toEqual([
      expect.stringContaining('did you mean "users"'),
      expect.stringContaining('services.0: unknown option "api_token"'),
    ]);
    expect(problems({ groups: { g: ['ada'] } })).toHaveLength(1);
  });

  it.each([
    ['an empty name', { name: '' }],
    ['dots', { name: '..' }],
    ['blanks around', { name: ' web' }],
    ['percent-encoding', { name: 'a%20b' }],
    ['a short token', { name: 'web', apiToken: 'short' }],
    ['a long token', { name: 'web', apiToken: 'x'.repeat(65) }],
    ['a blank in a token', { name: 'web', apiToken: 'with a blank' }],
    ['a script as redirect', { name: 'web', url: 'http://x', oauth: { redirectUri: 'javascript:alert(1)' } }],
    ['another host as path', { name: 'web', url: 'http://x', oauth: { redirectUri: '//evil' } }],
    ['a fragment in a redirect', { name: 'web', url: 'http://x', oauth: { redirectUri: 'http://x/#a' } }],
    ['an oauth field alone', { name: 'web', oauth: { noConfirm: true } }],
    ['a timeout of nothing', { name: 'web', timeout: 0 }],
    ['text no database keeps', { name: 'web', info: { a: '\0' } }],
    ['something that is no data', { name: 'web', info: { a: 1n } }],
  ])('of services: %s', (_what, record) => {
    expect(problems({ services: [record] })).toHaveLength(1);
  });

  it('never show a token', () => {
    const services = [
      { name: 'a', apiToken: 'secret-secret' },
      { name: 'b', apiToken: 'secret-secret' },
      { name: 'b', apiToken: 'secret' },
    ];
    expect(problems({ services }).join()).not.toContain('secret');
    const clash = problems({ services: services.slice(0, 2) });
    expect(clash).toEqual(["services: 'a' and 'b' have the same apiToken"]);
  });

  it('of two services that are one', () => {
    const twins = [
      { name: 'web', url: 'http://x' },
      { name: 'web', url: 'http://y' },
    ];
    expect(problems({ services: twins })).toEqual([
      "services: 'web' and 'web' have the same name",
      "services: 'web' and 'web' have the same OAuth client id 'service-web'",
    ]);
  });
});

describe('a service', () => {
  it('has a client exactly with a url or an oauth field (P501, W67, R163)', () => {
    const { accounts, problems: found } = look(
      {
        services: [
          { name: 'plain', apiToken: 'plain-secret' },
          { name: 'web', url: 'http://127.0.0.1:9000/x', oauth: { allowedScopes: ['read:users!user'] } },
          { name: 'ext', apiToken: 'ext-secret', oauth: { redirectUri: 'https://ext.test/back' } },
        ],
      },
      '/pre/',
    );
    expect(found).toEqual([]);
    const [plain, web, ext] = accounts.services;
    expect(plain?.client).toBeNull();
    expect(web?.client).toEqual({
      identifier: 'service-web',
      redirectUri: '/pre/services/web/oauth_callback',
      allowedScopes: ['access:services!service=web', 'read:users!user'],
    });
    expect(ext?.client?.redirectUri).toBe('https://ext.test/back');
    expect(web).toMatchObject({ display: true, timeout: 30, info: {}, admin: false, noConfirm: false });
  });
});
