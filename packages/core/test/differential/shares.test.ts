import * as differ from './deliberate.ts';
import { type Pair, pairOfHubs } from './support/pair.ts';

const callers = [
  null,
  'admin',
  'alice',
  'bob',
  'carol',
  'alice-none',
  'svc-none',
  'svc-shares',
  'svc-server-one',
];
const envelope = { accept: 'application/jupyterhub-pagination+json' };

pairOfHubs('Shares', (test) => {
  test('nothing is shared yet (R113, R119)', async (pair) => {
    await servers(pair);
    for (const caller of callers)
      for (const path of [
        '/shares',
        '/shares/alice',
        '/shares/alice/',
        '/shares/alice/one',
        '/shares/alice/zzz',
        '/shares/nobody',
        '/shares/nobody/one',
        '/share-codes/alice',
        '/share-codes/alice/',
        '/share-codes/alice/zzz',
        '/users/alice/shared',
        '/users/bob/shared/alice/one',
        '/users/bob/shared/alice/',
        '/users/bob/shared/alice',
        '/groups/g1/shared',
        '/groups/g1/shared/alice/one',
        '/groups/nope/shared',
      ])
        await pair.api(caller, 'GET', path);
  });

  test('granting: bodies (R114, R115)', async (pair) => {
    await servers(pair);
    for (const body of [
      undefined,
      '{',
      '[]',
      'null',
      {},
      { user: 'bob', group: 'g1' },
      { user: 1 },
      { user: null, group: null },
      { group: ['g1'] },
      { user: 'bob', more: 1 },
      { user: 'bob', scopes: 'x' },
      { user: 'bob', scopes: [1] },
      { user: 'nobody' },
      { group: 'nope' },
      { user: 'bob', scopes: ['access:servers!user=alice'] },
      { user: 'bob', scopes: ['access:servers!server=bob/'] },
      { user: 'bob', scopes: ['admin:users'] },
    ])
      await pair.api('alice', 'POST', '/shares/alice/one', { body });
    await pair.api('alice', 'POST', '/shares/alice/one', {
      body: { user: 'bob', scopes: ['bogus'] },
      but: differ.noSuchScope,
    });
    for (const path of ['alice/zzz', 'nobody/one', 'alice'])
      await pair.api('admin', 'POST', `/shares/${path}`, { body: { user: 'bob' } });
    for (const caller of callers)
      await pair.api(caller, 'POST', '/shares/carol/', { body: { user: 'nobody' } });
  });

  test('granting, seeing and taking back (R114–R119, R147)', async (pair) => {
    await servers(pair);
    await pair.api('alice', 'POST', '/shares/alice/one', { body: { user: 'bob' } });
    await pair.api('alice', 'POST', '/shares/alice/one', { body: { user: 'bob' } });
    await pair.api('alice', 'POST', '/shares/alice/one', {
      body: { user: 'bob', scopes: ['read:servers', 'access:servers!server=alice/one'] },
    });
    await pair.api('admin', 'POST', '/shares/alice/', { body: { group: 'g2', scopes: ['servers'] } });
    await pair.api('admin', 'POST', '/shares/alice/two', { body: { user: 'carol', scopes: [] } });
    await pair.api('admin', 'POST', '/shares/alice/one', { body: { user: 'alice' } });
    for (const caller of callers)
      for (const path of [
        '/shares/alice',
        '/shares/alice/one',
        '/users/bob/shared',
        '/users/carol/shared',
        '/users/bob/shared/alice/one',
        '/groups/g2/shared',
        '/groups/g2/shared/alice/',
      ])
        await pair.api(caller, 'GET', path);
    for (const query of ['?limit=1', '?limit=2&offset=1', '?limit=x', '?offset=9'])
      for (const headers of [{}, envelope])
        await pair.api('alice', 'GET', `/shares/alice${query}`, { headers });
    await pair.api('bob', 'GET', '/user');
    await pair.api('bob', 'GET', '/users/alice/servers/one');
    await pair.api('bob', 'GET', '/users/alice');
    await pair.api('alice', 'PATCH', '/shares/alice/one', {
      body: { user: 'bob', scopes: ['read:servers!server=alice/one'] },
    });
    await pair.api('alice', 'PATCH', '/shares/alice/one', { body: { user: 'nobody' } });
    await pair.api('alice', 'PATCH', '/shares/alice/one', { body: {} });
    await pair.api('alice', 'PATCH', '/shares/alice/one', { body: { user: 'dave' } });
    await pair.api('bob', 'GET', '/user');
    await pair.api('bob', 'DELETE', '/users/bob/shared/alice/one');
    await pair.api('bob', 'DELETE', '/users/bob/shared/alice/one');
    await pair.api('bob', 'GET', '/user');
    await pair.api('alice', 'PATCH', '/shares/alice/two', { body: { user: 'carol' } });
    await pair.api('admin', 'DELETE', '/groups/g2/shared/alice/');
    await pair.api('alice', 'DELETE', '/shares/alice/one');
    await pair.api('alice', 'DELETE', '/shares/alice/one');
    await pair.api('alice', 'DELETE', '/shares/alice');
    await pair.api('alice', 'GET', '/shares/alice');
  });

  test('codes (R121)', async (pair) => {
    await servers(pair);
    for (const body of [
      '{',
      'null',
      { expires_in: 59 },
      { expires_in: 31_536_001 },
      { expires_in: null },
      { expires_in: 'x' },
      { scopes: 'x' },
      { scopes: ['access:servers!user=alice'] },
      { more: 1 },
    ])
      await pair.api('alice', 'POST', '/share-codes/alice/one', { body });
    for (const path of ['alice/zzz', 'nobody/one', 'alice'])
      await pair.api('admin', 'POST', `/share-codes/${path}`, { body: {} });
    for (const caller of ['bob', 'svc-none', null])
      await pair.api(caller, 'POST', '/share-codes/alice/one', { body: {} });
    await pair.api('alice', 'POST', '/share-codes/alice/one', { body: {} });
    await pair.api('alice', 'POST', '/share-codes/alice/one', {
      body: { expires_in: 3600, scopes: ['read:servers'] },
    });
    const made = await pair.api('alice', 'POST', '/share-codes/alice/two');
    for (const caller of callers) {
      await pair.api(caller, 'GET', '/share-codes/alice');
      await pair.api(caller, 'GET', '/share-codes/alice/one');
    }
    await pair.api('alice', 'GET', '/share-codes/alice?limit=1', { headers: envelope });
    for (const query of ['?code=wrong', '?id=sc_99999', '?id=x'])
      await pair.api('alice', 'DELETE', `/share-codes/alice/one${query}`, { but: differ.otherWords });
    const { theirs, ours } = made;
    const code = { theirs: theirs.json as { code: string }, ours: ours.json as { code: string } };
    await pair.api('alice', 'DELETE', (side) => `/share-codes/alice/one?code=${code[side].code}`, {
      but: differ.otherWords,
    });
    await pair.api('alice', 'DELETE', (side) => `/share-codes/alice/two?code=${code[side].code}`);
    await pair.api('alice', 'DELETE', '/share-codes/alice/one');
    await pair.api('alice', 'DELETE', '/share-codes/alice/one');
    await pair.api('alice', 'DELETE', '/share-codes/alice');
    await pair.api('alice', 'GET', '/share-codes/alice');
    await pair.api('alice', 'POST', '/share-codes/alice/one', { body: '[]', but: differ.emptyListIsNoCode });
  });
});

/** Servers of alice, known to both hubs. */
async function servers(pair: Pair): Promise<void> {
  for (const name of ['one', 'two'])
    for (const side of ['theirs', 'ours'] as const)
      await pair.send(side, 'admin', 'PUT', `/hub/api/users/alice/servers/${name}`);
  for (const user of ['alice', 'carol'])
    for (const side of ['theirs', 'ours'] as const)
      await pair.send(side, 'admin', 'GET', `/hub/api/users/${user}/server`);
}
