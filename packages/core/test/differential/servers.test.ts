import * as differ from './deliberate.ts';
import { type Pair, pairOfHubs } from './support/pair.ts';

const callers = [
  null,
  'admin',
  'alice',
  'bob',
  'alice-none',
  'alice-self-read',
  'alice-server-one',
  'admin-server-one',
  'svc-none',
  'svc-server-one',
  'svc-servers-alice',
  'svc-servers-g1',
  'svc-read-servers',
  'svc-state',
];

pairOfHubs('Servers', (test) => {
  test('reading servers that never ran (R74, R125, R126)', async (pair) => {
    for (const caller of callers)
      for (const path of [
        'alice/server',
        'alice/servers/',
        'alice/servers/one',
        'alice/servers',
        'nobody/server',
        'nobody/servers/one',
        'carol/server',
      ])
        await pair.api(caller, 'GET', `/users/${path}`);
  });

  test('making a named server: bodies (R75, R77, R78, R79)', async (pair) => {
    await makeUsers(pair, 'put1');
    for (const body of ['{', '[1]', '"x"', '1', { display_name: 1 }, { user_options: [] }])
      await pair.api('admin', 'PUT', '/users/put1/servers/odd', { body });
    for (const body of [{ display_name: ' x ' }, { display_name: 'a  b' }, { display_name: 'x'.repeat(256) }])
      await pair.api('admin', 'PUT', '/users/put1/servers/odd', { body });
    for (const name of ['Bad_Name', 'a--b', '1a', 'a-', 'x'.repeat(31), 'a%20b', 'a.b', '%C3%A4', 'a%2Fb'])
      await pair.api('admin', 'PUT', `/users/put1/servers/${name}`);
    await pair.api('admin', 'GET', '/users/put1?include_stopped_servers=1');
    await makeUsers(pair, 'put2');
    for (const body of ['[]', 'false'])
      await pair.api('admin', 'PUT', `/users/put2/servers/odd${body.length}`, {
        body,
        but: differ.emptyListIsNoOptions,
      });
    await pair.api('admin', 'PUT', '/users/put1/servers/');
    await pair.api('admin', 'PUT', '/users/put1/server');
    await pair.api('admin', 'PUT', '/users/put1/servers/one');
    await pair.api('admin', 'PUT', '/users/put1/servers/one');
    await pair.api('admin', 'PUT', '/users/put1/servers/two', {
      body: { display_name: 'Number two', user_options: { a: [1, { b: null }] } },
    });
    await pair.api('admin', 'PUT', '/users/put1/servers/three', { body: { image: 'x', cpu: 2 } });
    await pair.api('admin', 'PUT', '/users/put1/servers/four');
    await pair.api('admin', 'GET', '/users/put1?include_stopped_servers');
    await pair.api('admin', 'PUT', '/users/nobody/servers/one');
    for (const caller of callers) {
      await pair.api(caller, 'PUT', '/users/bob/servers/Bad_Name');
      await pair.api(caller, 'PUT', '/users/nobody/servers/one');
    }
    await pair.api('admin', 'PUT', '/users/nobody/servers/one', { body: '{', but: differ.brokenBody });
  });

  test('starting and stopping the default server (R80, R81, R83)', async (pair) => {
    await makeUsers(pair, 'run1');
    await pair.api('admin', 'DELETE', '/users/run1/server');
    await pair.api('admin', 'GET', '/users/run1/server/progress', { but: differ.nothingStarts });
    await pair.api('admin', 'POST', '/users/run1/server', { body: { a: 1 } });
    await pair.api('admin', 'POST', '/users/run1/server');
    await pair.api('admin', 'GET', '/users/run1');
    await pair.api('admin', 'GET', '/users/run1/server');
    await pair.api('admin', 'GET', '/users/run1/servers/');
    await pair.api('svc-read-servers', 'GET', '/users/run1');
    await pair.api('admin', 'GET', '/users/run1/server/progress');
    await pair.api('admin', 'PUT', '/users/run1/server');
    await pair.api('admin', 'GET', '/users?state=active');
    await pair.api('admin', 'GET', '/users?state=ready');
    await pair.api('admin', 'GET', '/users?state=inactive&limit=2');
    await pair.api('admin', 'DELETE', '/users/run1/server', { body: { remove: true } });
    await pair.api('admin', 'DELETE', '/users/run1/server');
    await pair.api('admin', 'DELETE', '/users/run1/server');
    await pair.api('admin', 'GET', '/users/run1/server');
    await pair.api('admin', 'POST', '/users/run1/servers/');
    await pair.api('admin', 'GET', '/users/run1/server');
    await pair.api('admin', 'DELETE', '/users/run1');
    await pair.api('admin', 'GET', '/users/run1/server');
  });

  test('starting and stopping named servers (R78, R80, R83)', async (pair) => {
    await makeUsers(pair, 'run2');
    await pair.api('admin', 'POST', '/users/run2/servers/one', {
      body: { display_name: 'The one', user_options: { x: 1 } },
    });
    await pair.api('admin', 'GET', '/users/run2/servers/one');
    await pair.api('admin', 'GET', '/users/run2/servers/one/progress');
    await pair.api('admin', 'GET', '/users/run2');
    await pair.api('admin', 'GET', '/users/run2?include_stopped_servers=0');
    await pair.api('admin', 'GET', '/users/run2?include_stopped_servers=False');
    await pair.api('admin', 'DELETE', '/users/run2/servers/zz');
    await pair.api('admin', 'DELETE', '/users/run2/servers/one');
    await pair.api('admin', 'GET', '/users/run2/servers/one');
    await pair.api('admin', 'POST', '/users/run2/servers/one');
    await pair.api('admin', 'DELETE', '/users/run2/servers/one', { body: { remove: true } });
    await pair.api('admin', 'GET', '/users/run2/servers/one');
    for (const name of ['a', 'b', 'c', 'd']) await pair.api('admin', 'POST', `/users/run2/servers/${name}`);
    await pair.api('admin', 'POST', '/users/run2/servers/Bad_Name');
    for (const name of ['a', 'b', 'c'])
      await pair.api('admin', 'DELETE', `/users/run2/servers/${name}`, { body: { remove: true } });
    await pair.api('admin', 'GET', '/users/run2?include_stopped_servers=1');
    await pair.api('admin', 'PUT', '/users/run2/servers/last');
    const wrong = { body: { remove: 'x' }, but: differ.wrongType };
    await pair.api('admin', 'DELETE', '/users/run2/servers/last', wrong);
  });

  test('starting: bodies (R75, R76)', async (pair) => {
    await makeUsers(pair, 'run3');
    for (const body of ['{', '[1]', '"x"', '1', { display_name: 1 }, { user_options: 'x' }])
      await pair.api('admin', 'POST', '/users/run3/servers/one', { body });
    await pair.api('admin', 'POST', '/users/run3/server', {
      body: { display_name: 'x', user_options: null },
    });
    await pair.api('admin', 'GET', '/users/run3/server');
    await pair.api('admin', 'DELETE', '/users/run3/server');
    const reserved = { __jupyterhub_bytes__: true, data: 'aGk=' };
    await pair.api('admin', 'PUT', '/users/run3/servers/bytes', {
      body: { user_options: reserved },
      but: differ.reservedKeys,
    });
  });

  test('who may start and stop (R124–R128)', async (pair) => {
    for (const caller of callers) {
      await pair.api(caller, 'POST', '/users/carol/server', { body: '[1]' });
      await pair.api(caller, 'DELETE', '/users/carol/server', { body: { remove: true } });
      await pair.api(caller, 'DELETE', '/users/alice/servers/zz');
    }
    for (const caller of ['bob', 'alice-none', 'svc-none', 'svc-server-one'])
      await pair.api(caller, 'GET', '/users/carol/server/progress');
    await pair.api('svc-read-servers', 'GET', '/users/carol/server/progress', { but: differ.nothingStarts });
    await pair.api('svc-server-one', 'POST', '/users/alice/servers/one');
    await pair.api('svc-server-one', 'GET', '/users/alice/servers/one');
    await pair.api('svc-server-one', 'GET', '/users/alice');
    await pair.api('svc-state', 'GET', '/users');
    await pair.api('svc-servers-alice', 'GET', '/users/alice');
    await pair.api('alice', 'GET', '/users/alice');
    await pair.api('alice-server-one', 'DELETE', '/users/alice/servers/one');
  });

  test('changing a server (R82)', async (pair) => {
    await makeUsers(pair, 'patch1');
    await pair.api('admin', 'PUT', '/users/patch1/servers/one');
    await pair.api('admin', 'PUT', '/users/patch1/servers/two');
    for (const body of [
      undefined,
      '{',
      '[]',
      {},
      { name: 'Bad_Name' },
      { name: 'two' },
      { name: '' },
      { name: 'one' },
      { display_name: 1 },
      { user_options: null },
      { user_options: 'x' },
    ])
      await pair.api('admin', 'PATCH', '/users/patch1/servers/one', { body });
    for (const [body, but] of [
      ['"x"', differ.wrongType],
      [{ name: 1 }, differ.wrongType],
      [{ more: 1 }, differ.unexpectedField],
      [{ display_name: ' x' }, differ.badDisplayName],
    ] as const)
      await pair.api('admin', 'PATCH', '/users/patch1/servers/one', { body, but });
    await pair.api('admin', 'PATCH', '/users/patch1/servers/one', { body: { display_name: 'Shown' } });
    await pair.api('admin', 'PATCH', '/users/patch1/servers/one', { body: { user_options: { a: 1 } } });
    await pair.api('admin', 'PATCH', '/users/patch1/servers/one', { body: { name: 'renamed' } });
    await pair.api('admin', 'GET', '/users/patch1/servers/one');
    await pair.api('admin', 'GET', '/users/patch1/servers/renamed');
    await pair.api('admin', 'PATCH', '/users/patch1/servers/zz', { body: { name: 'y' } });
    await pair.api('admin', 'PATCH', '/users/patch1/server', { body: { user_options: { b: 1 } } });
    await pair.api('admin', 'PATCH', '/users/patch1/server', { body: { display_name: 'Mine' } });
    await pair.api('admin', 'POST', '/users/patch1/servers/two');
    await pair.api('admin', 'PATCH', '/users/patch1/servers/two', { body: { name: 'three' } });
    await pair.api('admin', 'DELETE', '/users/patch1/servers/two');
    await pair.api('admin', 'PATCH', '/users/patch1/server', { body: { name: 'was-default' } });
    await pair.api('admin', 'POST', '/users/patch1/server');
    await pair.api('admin', 'DELETE', '/users/patch1/server');
    await pair.api('admin', 'GET', '/users/patch1?include_stopped_servers=1');
    for (const caller of callers) await pair.api(caller, 'PATCH', '/users/patch1/servers/two', { body: {} });
  });

  test('a start that fails (R81, R90)', async (pair) => {
    await makeUsers(pair, 'fails1');
    await pair.api('admin', 'POST', '/users/fails1/server', { but: differ.failedStart });
    await settled(pair, '/hub/api/users/fails1/server');
    await pair.api('admin', 'GET', '/users/fails1/server');
    await pair.api('admin', 'GET', '/users/fails1/server/progress', { but: differ.failedEvent });
    await pair.api('admin', 'DELETE', '/users/fails1/server');
  });

  test('a start that is slow, and cancelled (R80–R83, R91)', async (pair) => {
    await makeUsers(pair, 'slow1');
    await pair.api('admin', 'POST', '/users/slow1/server');
    await pair.api('admin', 'POST', '/users/slow1/server');
    await pair.api('admin', 'GET', '/users/slow1');
    await pair.api('admin', 'GET', '/users/slow1/server');
    await pair.api('admin', 'GET', '/users?state=active');
    await pair.api('admin', 'GET', '/users?state=ready');
    await pair.api('admin', 'PATCH', '/users/slow1/server', { body: { user_options: {} } });
    await pair.api('admin', 'DELETE', '/users/slow1/server');
    await pair.api('admin', 'GET', '/users/slow1/server');
    // W39: it did not fail.
    await pair.ask('admin', 'GET', '/hub/user/slow1/lab', { only: 'status' });
  });

  test('deleting a user whose server runs (R66)', async (pair) => {
    await makeUsers(pair, 'busy1', 'busy2');
    await pair.api('admin', 'POST', '/users/busy1/server');
    await pair.api('admin', 'DELETE', '/users/busy1');
    await pair.api('admin', 'POST', '/users/busy2/servers/one');
    await pair.api('admin', 'DELETE', '/users/busy2', { but: differ.namedServersStop });
  });

  test('a start is activity of its user (P220)', async (pair) => {
    await pair.api('admin', 'POST', '/users', { body: { usernames: ['started1'] } });
    await pair.api('admin', 'POST', '/users/started1/server');
    // Ours is written with what else was seen in the same tenth of a second.
    for (let tries = 0; tries < 50; tries++) {
      const { json } = await pair.send('ours', 'admin', 'GET', '/hub/api/users/started1');
      if ((json as { last_activity: string | null }).last_activity !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await pair.api('admin', 'GET', '/users/started1');
  });

  test('admin access is gone (R85)', async (pair) => {
    for (const caller of callers)
      for (const name of ['alice', 'nobody']) await pair.api(caller, 'POST', `/users/${name}/admin-access`);
  });
});

async function makeUsers(pair: Pair, ...usernames: string[]): Promise<void> {
  await pair.api('admin', 'POST', '/users', { body: { usernames } });
  // Seen once, so that they have been active on both.
  for (const name of usernames) await pair.token(name, name);
}

/** Waits until nothing is pending on both. */
async function settled(pair: Pair, path: string): Promise<void> {
  for (const side of ['theirs', 'ours'] as const)
    for (;;) {
      const { json } = await pair.send(side, 'admin', 'GET', path);
      if ((json as { pending: string | null }).pending === null) break;
    }
}
