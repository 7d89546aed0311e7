import * as differ from './deliberate.ts';
import { pairOfHubs } from './support/pair.ts';
import { callers } from './support/people.ts';

const envelope = { accept: 'application/jupyterhub-pagination+json' };

pairOfHubs('Groups', (test) => {
  test('the list, for every caller (R107, R129)', async (pair) => {
    for (const caller of callers) await pair.api(caller, 'GET', '/groups');
  });

  test('pages (R32–R36)', async (pair) => {
    for (const query of ['', '?limit=1', '?limit=2&offset=1', '?limit=x', '?offset=9', '?limit=0'])
      for (const headers of [{}, envelope]) await pair.api('admin', 'GET', `/groups${query}`, { headers });
    await pair.api('svc-groups-g1', 'GET', '/groups?limit=1', {
      headers: envelope,
      but: differ.filteredTotal,
    });
  });

  test('one group, for every caller and target (R126, R128, R177)', async (pair) => {
    for (const caller of callers)
      for (const name of ['g1', 'g2', 'nope']) await pair.api(caller, 'GET', `/groups/${name}`);
  });

  test('making groups: bodies (R102)', async (pair) => {
    for (const body of [
      undefined,
      '{',
      '[]',
      '"x"',
      'null',
      {},
      { groups: [] },
      { groups: null },
      { groups: ['n1'], users: ['nobody'] },
      { groups: ['n1'], users: 'alice' },
      { groups: ['n1'], more: 1 },
      { groups: ['n1'], properties: {} },
      { groups: ['g1'] },
    ])
      await pair.api('admin', 'POST', '/groups', { body });
    await pair.api('admin', 'POST', '/groups', { body: { groups: 'xy' }, but: differ.textIsNoList });
  });

  test('making groups (R102, R103)', async (pair) => {
    await pair.api('admin', 'POST', '/groups', { body: { groups: ['b1', 'a1'], users: ['alice', 'dave'] } });
    await pair.api('admin', 'GET', '/groups/a1');
    await pair.api('admin', 'POST', '/groups/one1');
    await pair.api('admin', 'POST', '/groups/one1');
    await pair.api('admin', 'POST', '/groups/one2', { body: { users: ['ALICE'], roles: ['x'] } });
    await pair.api('admin', 'POST', '/groups/one3', { body: { users: ['nobody'] } });
    await pair.api('admin', 'GET', '/groups/one3');
    for (const body of ['{', '"x"', '[1]', { properties: {} }, { more: 1 }, { users: 'alice' }])
      await pair.api('admin', 'POST', '/groups/one4', { body });
    await pair.api('admin', 'POST', '/groups/Odd%20N%C3%A4me');
    await pair.api('admin', 'GET', '/groups/Odd%20N%C3%A4me');
    for (const caller of callers) await pair.api(caller, 'POST', '/groups/g1');
    for (const caller of callers) await pair.api(caller, 'POST', '/groups', { body: {} });
  });

  test('members (R104)', async (pair) => {
    await pair.api('admin', 'POST', '/groups/team1');
    for (const method of ['POST', 'DELETE'] as const)
      for (const body of [
        undefined,
        '{',
        'null',
        {},
        { users: 'alice' },
        { users: null },
        { users: [] },
        { users: ['alice'] },
        { users: ['ALICE', 'dave'] },
        { users: ['dave', 'nobody'] },
        { users: ['dave'] },
      ])
        await pair.api('admin', method, '/groups/team1/users', { body });
    await pair.api('admin', 'POST', '/groups/nope/users', { body: { users: ['alice'] } });
    await pair.api('admin', 'DELETE', '/groups/nope/users', { body: { users: ['alice'] } });
    for (const caller of callers) {
      await pair.api(caller, 'POST', '/groups/g1/users', { body: { users: [] } });
      await pair.api(caller, 'DELETE', '/groups/g2/users', { body: { users: [] } });
    }
    await pair.api('admin', 'GET', '/users/alice');
  });

  test('properties (R105)', async (pair) => {
    await pair.api('admin', 'POST', '/groups/team2');
    for (const body of ['{', '"x"', {}, { a: 1, b: { c: [null, true] } }, { d: 'é' }])
      await pair.api('admin', 'PUT', '/groups/team2/properties', { body });
    for (const body of [undefined, '[]', 'null', '[1]'])
      await pair.api('admin', 'PUT', '/groups/team2/properties', { body });
    await pair.api('admin', 'GET', '/groups/team2');
    await pair.api('admin', 'PUT', '/groups/nope/properties', { body: {} });
    for (const caller of callers) await pair.api(caller, 'PUT', '/groups/g2/properties', { body: { q: 1 } });
  });

  test('deleting (R177)', async (pair) => {
    await pair.api('admin', 'POST', '/groups/gone1', { body: { users: ['dave'] } });
    for (const caller of [null, 'alice', 'svc-none', 'svc-groups-g1', 'admin-groups-g1'])
      for (const name of ['gone1', 'g1', 'nope']) await pair.api(caller, 'DELETE', `/groups/${name}`);
    await pair.api('svc-groups', 'DELETE', '/groups/gone1');
    await pair.api('svc-groups', 'DELETE', '/groups/gone1');
    await pair.api('admin', 'GET', '/users/dave');
    await pair.api('admin', 'POST', '/users', { body: { usernames: ['leaver1'] } });
    await pair.api('admin', 'POST', '/groups/gone2', { body: { users: ['leaver1', 'dave'] } });
    await pair.api('admin', 'DELETE', '/users/leaver1');
    await pair.api('admin', 'GET', '/groups/gone2');
  });
});
