import { expect } from 'vitest';
import { createTestHub, type TestHub } from '../../../testing/src/index.ts';
import { openClient } from '../../src/storage/database.ts';
import { itWith, PythonProgram } from './python.ts';

const token = 'token-of-the-idle-culler';

/** A hub whose service `idle-culler` may do what its documentation asks for. */
function openHub(): Promise<TestHub> {
  return createTestHub({
    servers: { named: true },
    http: { pageLimit: 3 },
    services: [{ name: 'idle-culler', apiToken: token }],
    roles: [
      {
        name: 'idle-culler',
        scopes: ['list:users', 'read:users:activity', 'read:servers', 'delete:servers'],
        services: ['idle-culler'],
      },
    ],
  });
}

const cull = (hub: TestHub, ...more: string[]) =>
  new PythonProgram('jupyterhub-idle-culler', ['--timeout=600', '--cull-every=1', ...more], {
    JUPYTERHUB_API_URL: `${hub.url}/hub/api`,
    JUPYTERHUB_API_TOKEN: token,
  });

const rounds = (culler: PythonProgram) => culler.said.split('Fetching page 2 ').length - 1;

itWith(
  'jupyterhub-idle-culler',
  'the idle culler ends exactly the idle servers, page by page (R51, R83)',
  async () => {
    await using hub = await openHub();
    const sql = openClient(hub.database.connection, 'hub tests', { max: 1 });
    const idle = ['ada', 'bob', 'cy', 'dan', 'eve'];
    const active = ['fay', 'gil', 'hal', 'ida', 'jim'];
    for (const name of [...idle, ...active]) {
      expect((await (await hub.signIn(name)).startServer()).status).toBe(201);
    }
    const kim = await hub.signIn('kim');
    for (const name of ['', 'old', 'new']) expect((await kim.startServer(name)).status).toBe(201);
    const gate = Promise.withResolvers<void>();
    hub.engine.plan('lou', { beforeSave: gate.promise });
    const lou = (await hub.signIn('lou')).startServer();
    await hub.until(async () => (await hub.phase('lou')) === 'starting');
    await sql`UPDATE servers SET requested_at = hub_now() - interval '1 hour'`; // activity begins with the start
    await sql`UPDATE servers SET last_activity = hub_now() - interval '11 minutes' FROM users
    WHERE users.id = user_id AND (users.name = ANY(${[...idle, 'lou']}) OR servers.name = 'old')`;
    await sql`UPDATE servers SET last_activity = hub_now() - interval '9 minutes' FROM users
    WHERE users.id = user_id AND users.name = ANY(${active})`;

    const running = async () => {
      const rows = await sql`SELECT users.name || '/' || servers.name AS name FROM servers
      JOIN users ON users.id = user_id WHERE phase <> 'stopped' ORDER BY 1`;
      return rows.map(({ name }) => String(name));
    };
    const expected = [...active.map((name) => `${name}/`), 'kim/', 'kim/new', 'lou/'];
    await using culler = cull(hub);
    await hub.until(async () => (await running()).length === expected.length || !culler.lives, 30);
    const before = rounds(culler);
    await hub.until(() => rounds(culler) > before + 1, 30); // it has looked again, and found nothing more
    expect(await running()).toEqual(expected);
    expect(culler.said).toContain(`Fetching page 2 ${hub.url}/hub/api/users?`);
    expect(culler.said).not.toMatch(/error|traceback/i);
    // Ended, not deleted: people find their server where it was.
    expect((await hub.signIn('kim').then((one) => one.api('GET', '/users/kim'))).json.servers).toHaveProperty(
      'new',
    );
    const ended = await sql`SELECT count(*)::int AS count FROM audit WHERE actor = 'idle-culler'`;
    expect(ended[0]?.count).toBeGreaterThanOrEqual(idle.length + 1);
    gate.resolve();
    expect((await lou).status).toBe(201);
    await sql.end({ timeout: 1 });
  },
);

itWith('jupyterhub-idle-culler', 'the idle culler removes named servers when told to', async () => {
  await using hub = await openHub();
  const sql = openClient(hub.database.connection, 'hub tests', { max: 1 });
  const ada = await hub.signIn('ada');
  for (const name of ['lab', 'keep']) expect((await ada.startServer(name)).status).toBe(201);
  await sql`UPDATE servers SET requested_at = hub_now() - interval '1 hour',
    last_activity = hub_now() - interval '11 minutes' WHERE name = 'lab'`;
  await sql.end({ timeout: 1 });
  await using culler = cull(hub, '--remove-named-servers=true');
  const servers = async () => (await ada.api('GET', '/users/ada?include_stopped_servers=1')).json.servers;
  await hub.until(async () => !('lab' in Object(await servers())) || !culler.lives, 30);
  expect(Object.keys(Object(await servers()))).toEqual(['', 'keep']);
  expect(culler.said).not.toMatch(/error|traceback/i);
});
