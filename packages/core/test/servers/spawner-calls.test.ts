import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestHub, type TestHub } from '../../../testing/src/index.ts';
import { definePlugin, HubError, type Launch, Spawner, spawnerOptions } from '../../src/index.ts';
import { openClient } from '../../src/storage/database.ts';

/** What the hub asked of the spawner, by user. */
const asked = new Map<string, string[]>();
const launches = new Map<string, Launch>();
const running = new Map<string, Server>();
const goOn = Promise.withResolvers<void>();

function note(user: string, what: string): void {
  asked.set(user, [...(asked.get(user) ?? []), what]);
}

const observant = definePlugin({
  name: 'observant',
  api: 1,
  provides: Spawner,
  options: { type: 'object', properties: { ...spawnerOptions } },
  create: (): Spawner => ({
    env: ({ user }) => ({ FROM: 'spawner', USER_OF: user.name, JUPYTERHUB_USER: 'changed by its spawner' }),
    args: ({ server }) => [`--name=${server.name}`],
    async start(launch) {
      const { user } = launch;
      note(user.name, `start with ${JSON.stringify(launch.state)}`);
      if (user.name === 'half') {
        await launch.saveState({ half: 'made' });
        throw new Error('the second half is missing');
      }
      const server = createServer((_request, response) => void response.writeHead(404).end());
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      running.set(launch.key, server);
      launches.set(user.name, launch);
      await launch.saveState({ volume: `of-${user.name}` });
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    },
    poll: async ({ key }) => (running.get(key)?.listening ? null : { code: 0 }),
    async stop({ key, state, server }, how) {
      note(server.owner.name, `stop ${how} with ${JSON.stringify(state)}`);
      const found = running.get(key);
      found?.closeAllConnections();
      found?.close();
      running.delete(key);
    },
    async rename({ server, state }, newName) {
      note(server.owner.name, `rename ${server.name} to ${newName} with ${JSON.stringify(state)}`);
      if (newName === 'refused') throw new HubError('HUB_CONFLICT', 'A volume has this name already.');
      if (newName === 'broken') throw new Error('secret 42');
      if (newName === 'endless') await new Promise(() => {});
      if (newName === 'slow') await goOn.promise;
    },
    async deleteForever({ server }) {
      note(server.owner.name, `delete ${server.name}`);
      if (server.name === 'sticky') throw new Error('the volume is in use');
    },
  }),
});

describe('what a hub asks of a spawner', () => {
  let hub: TestHub;
  beforeAll(async () => {
    hub = await createTestHub({
      plugins: [
        observant({
          args: ['--first'],
          environment: { FROM: 'operator', HOME_PAGE: 'x' },
          envKeep: ['PATH'],
        }),
      ],
      servers: { named: true },
    });
  });
  afterAll(async () => {
    await hub[Symbol.asyncDispose]();
    for (const server of running.values()) server.close();
  });

  it('is a start without what an earlier one left, and one polite stop (P202, P204, P206)', async () => {
    const user = await hub.signIn('ada');
    for (const _ of [1, 2]) {
      expect((await user.startServer()).status).toBe(201);
      expect((await hub.server('ada')).state).toEqual({ volume: 'of-ada' });
      expect((await user.stopServer()).status).toBe(204);
      expect((await hub.server('ada')).state).toBeNull();
    }
    const once = ['start with null', 'stop politely with {"volume":"of-ada"}'];
    expect(asked.get('ada')).toEqual([...once, ...once]);
  });

  it('is a stop of what is half made, with what was saved of it (P202, P221)', async () => {
    const user = await hub.signIn('half');
    expect((await user.startServer()).status).toBe(500);
    expect(asked.get('half')).toEqual(['start with null', 'stop politely with {"half":"made"}']);
    expect(await hub.server('half')).toMatchObject({ phase: 'stopped', state: null, tokenId: null });
  });

  it('is environment between the table and the operator, and arguments behind those of the options (P207, P208, P240, W90, W91)', async () => {
    const user = await hub.signIn('env');
    await user.startServer('lab');
    const launch = launches.get('env');
    expect(launch?.args).toEqual(['--first', '--name=lab']);
    const environment = await launch?.environment('http://127.0.0.1:1');
    expect(environment).toMatchObject({
      PATH: process.env.PATH,
      JUPYTERHUB_USER: 'changed by its spawner',
      USER_OF: 'env',
      FROM: 'operator',
      HOME_PAGE: 'x',
    });
    expect(environment).not.toHaveProperty('LANG');
  });

  it('is its word on a new name; a refusal has its own status, a fault is 500, and the name stays (P214, R82)', async () => {
    const user = await hub.signIn('names');
    await user.api('PUT', '/users/names/servers/one');
    const rename = (name: string) => user.api('PATCH', '/users/names/servers/one', { name });
    expect((await rename('refused')).status).toBe(409);
    const broken = await rename('broken');
    expect([broken.status, broken.text.includes('secret 42')]).toEqual([500, false]);
    expect((await user.server('one')).status).toBe(200);
    expect((await rename('two')).status).toBe(200);
    expect((await user.server('one')).status).toBe(404);
    expect(asked.get('names')).toEqual(
      ['refused', 'broken', 'two'].map((name) => `rename one to ${name} with null`),
    );
    // A display name is not the spawner's matter.
    await user.api('PATCH', '/users/names/servers/two', { display_name: 'Number two' });
    expect(asked.get('names')).toHaveLength(3);
  });

  it('excludes all else while a name is asked for: pending `rename` (P225, R82, R83)', async () => {
    const user = await hub.signIn('renames');
    await user.api('PUT', '/users/renames/servers/one');
    const renamed = user.api('PATCH', '/users/renames/servers/one', { name: 'slow' });
    await hub.until(() => asked.get('renames')?.some((what) => what.startsWith('rename one to slow')));
    expect((await user.server('one')).json).toMatchObject({ pending: 'rename', ready: false, stopped: true });
    const start = await user.startServer('one');
    expect([start.status, start.json.message]).toEqual([400, 'renames:one is pending rename']);
    expect((await user.stopServer('one')).status).toBe(400);
    expect((await user.stopServer('one', { remove: true })).status).toBe(400);
    const change = await user.api('PATCH', '/users/renames/servers/one', { display_name: 'x' });
    expect([change.status, change.json.message]).toEqual([
      400,
      'renames:one is active. Please stop it before modifying it.',
    ]);
    goOn.resolve();
    expect((await renamed).json).toMatchObject({ name: 'slow', pending: null });
    expect((await user.startServer('slow')).status).toBe(201);
  });

  it('asks nobody any more when the hub that asked has died: the server starts (P225)', async () => {
    const user = await hub.signIn('orphan');
    await user.api('PUT', '/users/orphan/servers/one');
    const { id } = await hub.server('orphan', 'one');
    const sql = openClient(hub.database.connection, 'spawner calls', { max: 1 });
    await sql`INSERT INTO hubs (id, host, place, pid, process_start, version, listen_url, connect_url, started_at, lease_until)
      VALUES ('gone', 'far', 'far', 1, '', '0', '', '', hub_now(), clock_timestamp() - interval '1 minute')`;
    await sql`UPDATE servers SET owner = 'gone' WHERE id = ${id}`;
    await sql.end();
    expect((await user.server('one')).json).toMatchObject({ pending: null });
    expect((await user.startServer('one')).status).toBe(201);
  });

  it('is to forget a server for good, when it is stopped; a fault keeps no row (P213)', async () => {
    const user = await hub.signIn('forgets');
    await user.startServer('sticky');
    expect((await user.stopServer('sticky', { remove: true })).status).toBe(204);
    expect((await user.server('sticky')).status).toBe(404);
    expect(asked.get('forgets')?.at(-1)).toBe('delete sticky');
    expect(asked.get('forgets')?.filter((what) => what.startsWith('delete'))).toHaveLength(1);
  });
});

it('a new name that a spawner never answers for is refused in time, and the server can be used again (P214)', async () => {
  await using hub = await createTestHub({
    plugins: [observant()],
    servers: { named: true, hookTimeout: 0.3 },
  });
  const user = await hub.signIn('waits');
  await user.api('PUT', '/users/waits/servers/one');
  expect((await user.api('PATCH', '/users/waits/servers/one', { name: 'endless' })).status).toBe(500);
  expect((await user.server('one')).json).toMatchObject({ pending: null });
  expect((await user.startServer('one')).status).toBe(201);
});
