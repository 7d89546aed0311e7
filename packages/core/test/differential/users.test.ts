import * as differ from './deliberate.ts';
import { pairOfHubs } from './support/pair.ts';
import { callers } from './support/people.ts';

const envelope = { accept: 'application/jupyterhub-pagination+json' };

pairOfHubs('Users', (test) => {
  test('who am I, for every caller (R45, R46)', async (pair) => {
    const readsItself = new Set<string | null>(['root', 'svc-services', 'web']);
    for (const caller of callers)
      await pair.api(caller, 'GET', '/user', readsItself.has(caller) ? { but: differ.unsetOfService } : {});
  });

  test('who am I, with every spelling of a token (R7, R8)', async (pair) => {
    const token = 'not-a-token-of-anybody';
    for (const authorization of [
      `token ${token}`,
      'token',
      'token ',
      'Basic YTpi',
      'token a b',
      `token ${'x'.repeat(65)}`,
      `bearer ${token}`,
    ])
      await pair.api(null, 'GET', '/user', { headers: { authorization } });
    const { serviceToken } = await import('./support/people.ts');
    const good = serviceToken('svc-list-g1');
    for (const authorization of [
      `token ${good}`,
      `Token  ${good}`,
      `BEARER ${good}`,
      `bearer\t${good}`,
      `token ${good} more`,
      `Digest ${good}`,
      good,
    ])
      await pair.api(null, 'GET', '/user', { headers: { authorization } });
    await pair.api(null, 'GET', `/user?token=${good}`);
  });

  test('the list, for every caller (R38, R39, R50, R54, R129)', async (pair) => {
    for (const caller of callers) await pair.api(caller, 'GET', '/users');
    for (const caller of callers) await pair.api(caller, 'GET', '/users?include_stopped_servers=1');
  });

  test('pages in both styles (R32–R36)', async (pair) => {
    for (const query of [
      '',
      '?limit=2',
      '?limit=2&offset=1',
      '?limit=0',
      '?limit=-2',
      '?offset=-1',
      '?limit=1000',
      '?offset=1000',
      '?limit=',
      '?offset=',
      '?limit=x',
      '?offset=1.5',
      '?limit=2&limit=3',
      '?limit=%202%20',
      '?limit=2&state=inactive&sort=-name&unknown=a%20b&name_filter=a',
      '?limit=2&include_stopped_servers',
    ])
      for (const headers of [{}, envelope]) await pair.api('admin', 'GET', `/users${query}`, { headers });
  });

  test('what counts as asking for the envelope (R33)', async (pair) => {
    for (const accept of [
      'application/json, application/jupyterhub-pagination+json',
      'APPLICATION/JUPYTERHUB-PAGINATION+JSON',
      'application/jupyterhub-pagination+json;q=0.9',
      '*/*',
      'text/html',
      'application/jupyterhub-pagination+jsonx',
    ])
      await pair.api('admin', 'GET', '/users?limit=2', { headers: { accept } });
  });

  test('states, names, order (R50–R53)', async (pair) => {
    for (const query of [
      'state=active',
      'state=inactive',
      'state=ready',
      'state=',
      'state=odd',
      'state=odd&state=ready',
      'state=Ready',
      'name_filter=a',
      'name_filter=AL',
      'name_filter=',
      'name_filter=zzz',
      'name_filter=sp%20a',
      'sort=id',
      'sort=-id',
      'sort=name',
      'sort=-name',
      'sort=',
      'sort=odd',
      'sort=--id',
      'sort=-',
      'sort=name&sort=-name',
      'admin=1&group=g1&ids=1',
    ])
      await pair.api('admin', 'GET', `/users?${query}&limit=20`, { headers: envelope });
  });

  test('wildcards are letters in a filter', async (pair) => {
    await pair.api('admin', 'GET', '/users?name_filter=%25', { but: differ.wildcards });
    await pair.api('admin', 'GET', '/users?name_filter=al_ce', { but: differ.wildcards });
  });

  test('one user, for every caller and target (R38, R128)', async (pair) => {
    for (const caller of callers)
      for (const target of ['alice', 'carol', 'nobody']) await pair.api(caller, 'GET', `/users/${target}`);
  });

  test('odd names in paths (R1, R178)', async (pair) => {
    for (const name of [
      'sp%20ace',
      'sp ace'.replace(' ', '+'),
      '%C3%BCn%C3%AF+@x',
      '%C3%BCn%C3%AF%2B%40x',
      'ALICE',
      '..%2f..%2fproxy',
      'a%2Fb',
      '-',
      'x'.repeat(300),
    ])
      for (const caller of ['admin', 'svc-read-alice']) await pair.api(caller, 'GET', `/users/${name}`);
    await pair.api('admin', 'GET', '/users/%00', { but: differ.noNul });
  });

  test('making users: bodies (R14, R56, R57)', async (pair) => {
    for (const body of [
      undefined,
      '',
      '{',
      'null',
      '[]',
      '"x"',
      '1',
      {},
      { usernames: [] },
      { usernames: null },
      { usernames: [''] },
      { usernames: ['a/b'] },
      { usernames: ['a/b', 'c/d', 'fine'] },
      { usernames: ['fine'], admin: 'yes' },
      { usernames: ['fine'], admin: 1 },
      { usernames: ['fine'], admin: null },
      { usernames: ['fine'], more: true },
      { usernames: ['fine'], groups: 'g1' },
      { usernames: ['fine'], name: 1 },
      { usernames: ['alice'] },
      { usernames: ['alice', 'bob'] },
    ])
      await pair.api('admin', 'POST', '/users', { body });
    await pair.api('admin', 'POST', '/users', { body: { usernames: [1] }, but: differ.wrongType });
    await pair.api('admin', 'GET', '/users/fine');
    await pair.api('admin', 'POST', '/users', { body: { usernames: 'abc' }, but: differ.textIsNoList });
  });

  test('making users (R57, R58, R60, R67)', async (pair) => {
    await pair.api('admin', 'POST', '/users', { body: { usernames: ['Mixed', 'made1', 'made2'] } });
    await pair.api('admin', 'POST', '/users', { body: { usernames: ['made2', 'made3'] } });
    await pair.api('admin', 'POST', '/users', {
      body: { usernames: ['made4', 'made4'] },
      but: differ.createdOnce,
    });
    await pair.api('admin', 'POST', '/users', {
      body: { usernames: ['boss1'], admin: true, name: 'x', groups: ['g1'], roles: ['r'], auth_state: {} },
    });
    await pair.api('admin', 'GET', '/users/boss1');
    for (const caller of [null, 'alice', 'svc-none', 'svc-admin-newbie', 'svc-admin-g1', 'svc-admin-users']) {
      await pair.api(caller, 'POST', '/users', { body: { usernames: ['made5'] } });
      await pair.api(caller, 'POST', '/users', { body: { usernames: ['boss2'], admin: true } });
      await pair.api(caller, 'POST', '/users', { body: '{' });
    }
    await pair.api('root', 'POST', '/users', { body: { usernames: ['boss3'], admin: true } });
  });

  test('making one user (R59, R60, R67)', async (pair) => {
    for (const body of [
      '{',
      '[1]',
      'null',
      '"x"',
      { admin: 'x' },
      { more: 1 },
      { admin: null },
      { groups: 'x' },
    ])
      await pair.api('admin', 'POST', `/users/one-${JSON.stringify(body).length}`, { body });
    await pair.api('admin', 'POST', '/users/one0', { body: '[]', but: differ.emptyListIsNoBody });
    await pair.api('admin', 'POST', '/users/one1');
    await pair.api('admin', 'POST', '/users/one1');
    await pair.api('admin', 'POST', '/users/one2', { body: { admin: true, name: 'other' } });
    await pair.api('admin', 'POST', '/users/bad%2Fname', { but: differ.refusedName });
    await pair.api('admin', 'POST', '/users/s%20p');
    await pair.api('admin', 'POST', '/users/Upper', { but: differ.createdAsSpelt });
    for (const caller of [null, 'alice', 'svc-none', 'svc-admin-g1', 'svc-admin-newbie', 'svc-admin-users'])
      for (const name of ['alice', 'newbie', 'newbie2']) await pair.api(caller, 'POST', `/users/${name}`);
    await pair.api('svc-admin-users', 'POST', '/users/boss4', { body: { admin: true } });
  });

  test('changing users (R61, R62, R64, R67)', async (pair) => {
    await pair.api('admin', 'POST', '/users', { body: { usernames: ['old1', 'old2', 'old3'] } });
    for (const body of [
      undefined,
      '{',
      '[1]',
      '"x"',
      {},
      { more: 1 },
      { admin: 'x' },
      { name: 1 },
      { name: 'a/b' },
      { name: 'alice' },
      { name: 'ALICE' },
      { groups: 'g' },
      { auth_state: null },
      { auth_state: 'x' },
    ])
      await pair.api('admin', 'PATCH', '/users/old1', { body });
    for (const body of [{ groups: ['g1'] }, { roles: ['user'] }])
      await pair.api('admin', 'PATCH', '/users/old1', { body, but: differ.notChangedHere });
    await pair.api('admin', 'PATCH', '/users/nobody', { body: { admin: false } });
    await pair.api('admin', 'PATCH', '/users/old1', { body: { admin: true } });
    for (const caller of [null, 'alice', 'svc-none', 'svc-admin-newbie', 'svc-admin-users', 'svc-read-alice'])
      for (const name of ['old1', 'old2', 'nobody'])
        for (const body of [{}, { admin: true }]) await pair.api(caller, 'PATCH', `/users/${name}`, { body });
    await pair.api('admin', 'PATCH', '/users/old1', { body: { admin: false } });
    await pair.token('old2', 'old2', ['read:users!user', 'inherit']);
    await pair.api('admin', 'PATCH', '/users/old2', { body: { name: 'New2' } });
    for (const name of ['old2', 'new2']) await pair.api('admin', 'GET', `/users/${name}`);
    await pair.api('old2', 'GET', '/user');
    await pair.api('old2', 'GET', '/users/new2');
    await pair.api('admin', 'PATCH', '/users/old3', { body: { name: 'old3' }, but: differ.sameUserName });
  });

  test('deleting users (R66, R177)', async (pair) => {
    await pair.api('admin', 'POST', '/users', { body: { usernames: ['gone1', 'gone2', 'svc-admin-users'] } });
    for (const caller of [null, 'alice', 'svc-none', 'svc-read-alice', 'svc-admin-newbie'])
      for (const name of ['gone1', 'alice', 'nobody']) await pair.api(caller, 'DELETE', `/users/${name}`);
    await pair.api('alice', 'DELETE', '/users/alice');
    await pair.api('admin', 'DELETE', '/users/admin');
    await pair.api('svc-admin-users', 'DELETE', '/users/svc-admin-users');
    await pair.api('admin', 'DELETE', '/users/gone1');
    await pair.api('admin', 'DELETE', '/users/gone1');
    await pair.api('admin', 'GET', '/users/gone1');
    await pair.api('admin', 'DELETE', '/users/gone2', { body: '{', but: differ.brokenBody });
    await pair.api('admin', 'POST', '/users/gone1');
  });

  test('activity: callers and bodies (R68–R73)', async (pair) => {
    const now = new Date();
    const soon = (minutes: number) => new Date(now.getTime() + minutes * 60_000).toISOString();
    for (const caller of [null, 'alice', 'bob', 'alice-none', 'svc-none', 'svc-activity', 'svc-read-alice'])
      for (const name of ['alice', 'nobody'])
        await pair.api(caller, 'POST', `/users/${name}/activity`, { body: { last_activity: soon(0) } });
    for (const body of [
      undefined,
      '{',
      '[]',
      '"x"',
      'null',
      {},
      { last_activity: null },
      { last_activity: '' },
      { last_activity: 1 },
      { last_activity: 'junk' },
      { last_activity: '2020-01-01' },
      { last_activity: '2020-01-01T00:00:00' },
      { last_activity: '2020-01-01T00:00:00+02:00' },
      { last_activity: '2020-01-01T00:00:00.123456Z' },
      { last_activity: '2020-13-01' },
      { last_activity: soon(58) },
      { last_activity: soon(61) },
      { last_activity: soon(0), more: 1 },
      { servers: {} },
      { servers: [] },
      { servers: 'x' },
      { servers: { zz: { last_activity: soon(0) } } },
      { servers: { '': {} } },
      { servers: { '': 'x' } },
      { servers: { '': { last_activity: 'junk' } } },
      { servers: { '': { last_activity: 5 } } },
      { servers: { '': { last_activity: soon(1) } } },
      { servers: { '': { last_activity: soon(61) } } },
      { servers: { '': { last_activity: soon(1) } }, last_activity: 'junk' },
    ])
      await pair.api('svc-activity', 'POST', '/users/alice/activity', { body });
  });
});
