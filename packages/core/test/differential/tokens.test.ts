import * as differ from './deliberate.ts';
import { type Both, type Pair, pairOfHubs, type Side } from './support/pair.ts';
import { callers, password } from './support/people.ts';

pairOfHubs('Tokens', (test) => {
  test('lists, for every caller (R100, R128)', async (pair) => {
    for (const caller of callers)
      for (const name of ['alice', 'carol', 'nobody']) await pair.api(caller, 'GET', `/users/${name}/tokens`);
  });

  test('one token: who reads it, and what is none (R100)', async (pair) => {
    const id = await made(pair, 'dave', { note: 'mine' });
    const path = (side: Side) => `/users/dave/tokens/${id[side]}`;
    for (const caller of callers) await pair.api(caller, 'GET', path);
    for (const name of ['a999999', 'x', '1', '', 'a', 'a-1', 'a1.5'])
      for (const method of ['GET', 'DELETE'] as const)
        await pair.api('admin', method, `/users/dave/tokens/${name}`);
    await pair.api('admin', 'GET', (side) => `/users/alice/tokens/${id[side]}`);
    await pair.api('admin', 'GET', (side) => `/users/nobody/tokens/${id[side]}`);
  });

  test('who may make one (R92, R93, R98)', async (pair) => {
    for (const caller of callers)
      for (const name of ['alice', 'dave', 'nobody'])
        await pair.api(caller, 'POST', `/users/${name}/tokens`, { body: { note: 'x', expires_in: 3600 } });
    for (const caller of [null, 'alice', 'svc-none', 'bob'])
      for (const body of [undefined, '{', '[]', '[1]', '"x"', { scopes: 'x' }])
        await pair.api(caller, 'POST', '/users/dave/tokens', { body });
  });

  test('bodies (R94–R97)', async (pair) => {
    for (const body of [
      undefined,
      '{',
      '[]',
      '[1]',
      '"x"',
      '""',
      'null',
      {},
      { note: '' },
      { note: null },
      { note: 'a', unknown: 1 },
      { expires_in: null },
      { expires_in: 60 },
      { expires_in: 0 },
      { expires_in: -5 },
      { expires_in: 1.5 },
      { expires_in: '60' },
      { scopes: 'inherit' },
      { scopes: [1] },
      { scopes: null, roles: null },
      { scopes: {} },
      { roles: 'token' },
      { roles: [1] },
      { roles: ['nope'] },
      { roles: ['token'] },
      { roles: ['user'] },
      { roles: ['admin'] },
      { roles: ['server'] },
      { scopes: [] },
      { scopes: ['inherit'] },
      { scopes: ['self'] },
      { scopes: ['bogus'] },
      { scopes: ['all'] },
      { scopes: ['read:users'] },
      { scopes: ['read:users!user'] },
      { scopes: ['read:users!user=alice'] },
      { scopes: ['read:users!user=bob'] },
      { scopes: ['read:users!group=g1'] },
      { scopes: ['servers!server=alice/x'] },
      { scopes: ['servers!server=bob/x'] },
      { scopes: ['servers!server=alice/'] },
      { scopes: ['servers!server'] },
      { scopes: ['access:servers!user'] },
      { scopes: ['access:servers'] },
      { scopes: ['access:services!service=web'] },
      { scopes: ['list:users'] },
      { scopes: ['tokens!user', 'read:tokens!user'] },
      { scopes: ['custom:app:read'] },
      { scopes: ['custom:none'] },
      { scopes: ['shares!user'] },
      { scopes: ['(no_scope)'] },
    ])
      await pair.api('alice', 'POST', '/users/alice/tokens', { body });
    for (const scopes of [['read:users!'], ['read:users!user=']])
      await pair.api('alice', 'POST', '/users/alice/tokens', { body: { scopes }, but: differ.emptyFilter });
    for (const [body, but] of [
      [{ note: 5 }, differ.noteAsText],
      [{ note: ['a'] }, differ.noteOfAList],
      [{ expires_in: 1e18 }, differ.farTooLong],
      [{ expires_in: true }, differ.noSeconds],
      [{ roles: ['token'], scopes: ['inherit'] }, differ.otherWords],
      [{ roles: [], scopes: [] }, differ.otherWords],
      [{ scopes: [''] }, differ.otherWords],
      [{ scopes: ['read:users!group'] }, differ.otherWords],
      [{ scopes: ['read:users!odd=1'] }, differ.otherWords],
    ] as const)
      await pair.api('alice', 'POST', '/users/alice/tokens', { body, but });
  });

  test('for others (R94, R98)', async (pair) => {
    for (const body of [{}, { note: 'given' }, { scopes: ['admin:users'] }, { scopes: ['self'] }]) {
      await pair.api('admin', 'POST', '/users/bob/tokens', { body });
      await pair.api('svc-tokens-alice', 'POST', '/users/alice/tokens', { body });
      await pair.api('root', 'POST', '/users/bob/tokens', { body });
    }
  });

  test('by password in the body (R93)', async (pair) => {
    for (const auth of [
      { username: 'bob', password },
      { username: 'bob', password: 'wrong' },
      { username: 'stranger', password },
      { username: 'BOB', password },
      {},
      'text',
    ])
      for (const name of ['bob', 'alice', 'nobody'])
        await pair.api(null, 'POST', `/users/${name}/tokens`, { body: { auth, note: 'by password' } });
    await pair.api('admin', 'POST', '/users/admin/tokens', { body: { auth: { username: 'bob', password } } });
  });

  test('revoking (R100, R101, R144)', async (pair) => {
    await pair.token('short-lived', 'dave');
    const id = await made(pair, 'dave', { note: 'to go' });
    const path = (side: Side) => `/users/dave/tokens/${id[side]}`;
    for (const caller of [null, 'alice', 'svc-none', 'svc-tokens-g1', 'svc-tokens-alice', 'alice-none'])
      await pair.api(caller, 'DELETE', path);
    await pair.api('short-lived', 'DELETE', path);
    await pair.api('short-lived', 'DELETE', path);
    await pair.api('admin', 'GET', path);
    await pair.api('admin', 'DELETE', '/users/nobody/tokens/a1');
    const own = await pair.api('short-lived', 'GET', '/user');
    const tokenId = (side: Side) => (own[side].json as { token_id: string }).token_id;
    await pair.api('short-lived', 'DELETE', (side) => `/users/dave/tokens/${tokenId(side)}`);
    await pair.api('short-lived', 'GET', '/user');
  });

  test('a token has no more than its owner has now (R142, R144)', async (pair) => {
    await pair.api('admin', 'POST', '/users', { body: { usernames: ['rise1'] } });
    await pair.token('rise1', 'rise1');
    await pair.api('admin', 'PATCH', '/users/rise1', { body: { admin: true } });
    await pair.token('rise1-list', 'rise1', ['list:users!group=g1', 'read:hub']);
    for (const caller of ['rise1', 'rise1-list']) await pair.api(caller, 'GET', '/user');
    await pair.api('rise1-list', 'GET', '/users');
    await pair.api('admin', 'PATCH', '/users/rise1', { body: { admin: false } });
    for (const caller of ['rise1', 'rise1-list']) await pair.api(caller, 'GET', '/user');
    for (const path of ['/users', '/info']) await pair.api('rise1-list', 'GET', path);
    await pair.api('rise1', 'GET', '/users/rise1/tokens');
    await pair.api('admin', 'PATCH', '/users/rise1', { body: { admin: true } });
    await pair.api('rise1-list', 'GET', '/user');
  });

  test('the deprecated endpoints (section 3)', async (pair) => {
    const known = await pair.send('theirs', 'alice', 'GET', '/hub/api/user');
    if (known.status !== 200) throw new Error('alice has no token');
    for (const caller of [null, 'alice', 'svc-none', 'admin']) {
      await pair.api(caller, 'GET', '/authorizations/token/unknown');
      await pair.api(caller, 'POST', '/authorizations/token', { body: {} });
      await pair.api(caller, 'GET', '/authorizations/cookie/jupyterhub-hub-login/x');
      await pair.api(caller, 'GET', '/authorizations/cookie/jupyterhub-hub-login');
    }
    for (const caller of ['alice', 'svc-none'])
      await pair.api(
        caller,
        'GET',
        `/authorizations/token/${(await import('./support/people.ts')).serviceToken('svc-list-g1')}`,
      );
  });
});

/** The id of a new token on both hubs. */
async function made(pair: Pair, user: string, body: object): Promise<Both<string>> {
  const answer = await pair.api('admin', 'POST', `/users/${user}/tokens`, { body });
  const id = (side: Side) => (answer[side].json as { id: string }).id;
  return { theirs: id('theirs'), ours: id('ours') };
}
