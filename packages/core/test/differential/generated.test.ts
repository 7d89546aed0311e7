import * as fc from 'fast-check';
import { pairOfHubs } from './support/pair.ts';

const seed = process.env.HUB_TEST_SEED
  ? Number(process.env.HUB_TEST_SEED)
  : Math.floor(Math.random() * 2 ** 31);
const tokens = 120;
const requestsEach = 6;

const users = ['alice', 'bob', 'carol', 'dave', 'admin'];
const groups = ['g1', 'g2', 'g3'];
const user = fc.constantFrom(...users, 'nobody');
const group = fc.constantFrom(...groups, 'nope');
const server = fc.tuple(fc.constantFrom('alice', 'bob', 'carol'), fc.constantFrom('', 'one', 'two'));
const service = fc.constantFrom('web', 'ext', 'quiet');

/** Scopes by what their filters may be about. */
const ofUsers = [
  'list:users',
  'read:users',
  'read:users:name',
  'read:users:groups',
  'read:users:activity',
  'read:roles:users',
  'users',
  'admin:users',
  'admin:auth_state',
  'tokens',
  'read:tokens',
  'read:shares',
  'read:users:shares',
];
const ofServers = [
  'servers',
  'read:servers',
  'start:servers',
  'delete:servers',
  'admin:servers',
  'access:servers',
];
const ofGroups = [
  'groups',
  'read:groups',
  'read:groups:name',
  'list:groups',
  'read:roles:groups',
  'admin:groups',
];
const ofServices = [
  'read:services',
  'list:services',
  'read:services:name',
  'access:services',
  'admin:services',
];
const ofAll = ['read:hub', 'proxy', 'read:roles', 'read:metrics', 'custom:app:all', 'shares'];

const userFilter = fc.oneof(
  fc.constant(''),
  user.map((name) => `!user=${name}`),
  group.map((name) => `!group=${name}`),
  fc.constant('!user'),
);
const serverFilter = fc.oneof(
  userFilter,
  server.map(([owner, name]) => `!server=${owner}/${name}`),
);
const groupFilter = fc.oneof(
  fc.constant(''),
  group.map((name) => `!group=${name}`),
);
const serviceFilter = fc.oneof(
  fc.constant(''),
  service.map((name) => `!service=${name}`),
);

const scope = fc.oneof(
  { weight: 5, arbitrary: join(ofUsers, userFilter) },
  { weight: 4, arbitrary: join(ofServers, serverFilter) },
  { weight: 2, arbitrary: join(ofGroups, groupFilter) },
  { weight: 1, arbitrary: join(ofServices, serviceFilter) },
  { weight: 1, arbitrary: join(ofAll, fc.constant('')) },
  // What does not go together, and is allowed all the same.
  { weight: 1, arbitrary: join([...ofUsers, ...ofGroups, ...ofServices], serverFilter) },
);

const path = fc.oneof(
  { weight: 3, arbitrary: user.map((name) => `/users/${name}`) },
  { weight: 2, arbitrary: user.map((name) => `/users/${name}?include_stopped_servers=1`) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('/users', '/users?include_stopped_servers=1', '/users?sort=-name'),
  },
  { weight: 2, arbitrary: user.map((name) => `/users/${name}/tokens/a1`) },
  { weight: 3, arbitrary: server.map(([owner, name]) => `/users/${owner}/servers/${name}`) },
  { weight: 2, arbitrary: group.map((name) => `/groups/${name}`) },
  { weight: 1, arbitrary: service.map((name) => `/services/${name}`) },
  { weight: 1, arbitrary: server.map(([owner, name]) => `/shares/${owner}/${name}`) },
  { weight: 1, arbitrary: user.map((name) => `/users/${name}/shared`) },
  { weight: 2, arbitrary: fc.constantFrom('/user', '/groups', '/services', '/info', '/shares/alice') },
);

const wish = fc.record({
  scopes: fc.uniqueArray(scope, { minLength: 1, maxLength: 5 }),
  paths: fc.uniqueArray(path, { minLength: requestsEach, maxLength: requestsEach }),
});

pairOfHubs('Generated scopes', (test) => {
  test(`${tokens} tokens see the same (R124–R145), HUB_TEST_SEED=${seed}`, async (pair) => {
    for (const owner of ['alice', 'bob'])
      await pair.api('admin', 'PUT', `/users/${owner}/servers/one`, { body: { user_options: { a: 1 } } });
    // Everybody's default server, known to both.
    for (const name of users) await pair.api('admin', 'GET', `/users/${name}/server`);
    const before = pair.compared;
    for (const [index, { scopes, paths }] of fc.sample(wish, { numRuns: tokens, seed }).entries()) {
      const name = `generated-${index}`;
      // A user may give few of these away; the refusals are compared as well.
      const owner = index % 4 === 0 ? 'alice' : 'admin';
      const made = await pair.api('admin', 'POST', `/users/${owner}/tokens`, {
        body: { note: name, scopes },
      });
      if (made.theirs.status !== 201 || made.ours.status !== 201) continue;
      const caller = {
        token: (side: 'theirs' | 'ours') => (made[side].json as { token: string }).token,
        title: scopes.join(' '),
      };
      await Promise.all(paths.map((one) => pair.api(caller, 'GET', one)));
    }
    const asked = pair.compared - before;
    if (asked < 300) throw new Error(`only ${asked} requests were compared`);
  });
});

function join(bases: readonly string[], filters: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.tuple(fc.constantFrom(...bases), filters).map(([base, filter]) => `${base}${filter}`);
}
