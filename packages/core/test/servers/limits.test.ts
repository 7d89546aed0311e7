import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestHub, type TestHub } from '../../../testing/src/index.ts';
import { spawnRefusal } from '../../src/index.ts';

const full = (name: string, limit: number) =>
  `User ${name} already has the maximum of ${limit} named servers.  One must be deleted before a new server can be created`;

describe('the number of named servers', () => {
  let hub: TestHub;
  beforeAll(async () => {
    hub = await createTestHub({
      servers: { named: true, limit: 5 },
      groups: { staff: { users: ['grace'] } },
      hooks: {
        namedServerLimit({ name, groups }) {
          if (name === 'faulty') throw new Error('secret 42');
          if (name === 'odd') return Number.NaN;
          if (name === 'free') return 0;
          return groups.includes('staff') ? 2 : 1;
        },
      },
    });
  });
  afterAll(() => hub[Symbol.asyncDispose]());

  it('is what the hook says of each user, for starts, for creation and on the home page (P238, R78)', async () => {
    const ada = await hub.signIn('ada');
    expect((await ada.startServer('one')).status).toBe(201);
    const more = await ada.startServer('two');
    expect([more.status, more.json.message]).toEqual([400, full('ada', 1)]);
    expect((await ada.api('PUT', '/users/ada/servers/two')).json.message).toBe(full('ada', 1));
    const grace = await hub.signIn('grace');
    expect((await grace.startServer('one')).status).toBe(201);
    expect((await grace.api('PUT', '/users/grace/servers/two')).status).toBe(201);
    expect((await grace.startServer('three')).json.message).toBe(full('grace', 2));
    expect((await grace.startServer('two')).status).toBe(201); // it is there already
    expect((await grace.startServer()).status).toBe(201); // the default server does not count
  });

  it('holds for a rename of the default server, and is none at 0 (R82)', async () => {
    const user = await hub.signIn('mover');
    await user.api('PUT', '/users/mover/servers/one');
    const renamed = await user.api('PATCH', '/users/mover/server', { name: 'two' });
    expect([renamed.status, renamed.json.message]).toEqual([400, full('mover', 1)]);
    const free = await hub.signIn('free');
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f'])
      expect((await free.api('PUT', `/users/free/servers/${name}`)).status).toBe(201);
  });

  it.each(['faulty', 'odd'])(
    'cannot be told by a hook that fails: 500, and its words stay here: %s',
    async (name) => {
      const answer = await (await hub.signIn(name)).startServer('one');
      expect(answer.status).toBe(500);
      expect(answer.text).not.toContain('secret 42');
    },
  );
});

describe('a server of an old, invalid name (P238)', () => {
  const oldName = async (hub: TestHub) => {
    const user = await hub.signIn('ada');
    await user.api('PUT', '/users/ada/servers/fine');
    const sql = postgres({ ...hub.database.connection, max: 1 });
    await sql`UPDATE servers SET name = 'Old_Name' WHERE name = 'fine'`;
    await sql.end();
    return user;
  };

  it('may be started unless told otherwise', async () => {
    await using hub = await createTestHub({ servers: { named: true } });
    const user = await oldName(hub);
    expect((await user.startServer('Old_Name')).status).toBe(201);
    expect((await user.startServer('New_Name')).json.message).toBe("Invalid server_name: 'New_Name'");
  });

  it('may only be renamed and deleted with `allow-delete`', async () => {
    await using hub = await createTestHub({ servers: { named: true, invalidNames: 'allow-delete' } });
    const user = await oldName(hub);
    const start = await user.startServer('Old_Name');
    expect([start.status, start.json.message]).toEqual([400, "Invalid server_name: 'Old_Name'"]);
    expect((await user.api('PATCH', '/users/ada/servers/Old_Name', { name: 'new-name' })).status).toBe(200);
    expect((await user.startServer('new-name')).status).toBe(201);
    expect((await user.stopServer('new-name', { remove: true })).status).toBe(204);
  });
});

describe('consecutive failures (P246)', () => {
  it('stop the hub cleanly when there are too many; running servers stay', async () => {
    await using hub = await createTestHub({ servers: { consecutiveFailureLimit: 3 } });
    const told: number[] = [];
    hub.hub.on('startsKeepFailing', ({ failures }) => void told.push(failures));
    const ada = await hub.signIn('ada');
    const grace = await hub.signIn('grace');
    const fails = async (error: unknown) => {
      hub.engine.plan('ada', { fails: error });
      expect((await ada.startServer()).status).toBeGreaterThanOrEqual(400);
    };
    await fails(new Error('broken'));
    await fails(new Error('broken'));
    await fails(spawnRefusal('No room.', { status: 503 })); // counts for nothing
    expect((await grace.startServer()).status).toBe(201); // and this sets it back
    await fails(new Error('broken'));
    await fails(new Error('broken'));
    expect(told).toEqual([]);

    hub.engine.plan('ada', { fails: new Error('broken') });
    await ada.startServer().catch(() => undefined); // the hub may be gone before it answers
    await hub.hub.stopped;
    expect(told).toEqual([3]);
    expect(hub.engine.of('grace')).toBeDefined();
    expect(hub.log.find(({ message }) => message.startsWith('starts keep failing'))?.level).toBe('error');
  });

  it('count for nothing unless a limit is given', async () => {
    await using hub = await createTestHub();
    const ada = await hub.signIn('ada');
    hub.engine.plan('ada', { fails: new Error('broken') });
    for (let times = 0; times < 5; times++) expect((await ada.startServer()).status).toBe(500);
    hub.engine.plan('ada', {});
    expect((await ada.startServer()).status).toBe(201);
  });
});

describe('a spawner with `pollInterval: 0`', () => {
  it('is never asked unasked; a start notices a death all the same (P250, R80)', async () => {
    await using hub = await createTestHub({ spawner: { pollInterval: 0 } });
    const ada = await hub.signIn('ada');
    await ada.startServer();
    let polls = 0;
    hub.hub.on('serverPolled', () => {
      polls += 1;
    });
    await hub.engine.crash('ada', { code: 1 });
    await new Promise((resolve) => setTimeout(resolve, 1_500)); // the hub looks every second what is due
    expect(polls).toBe(0);
    expect(await hub.phase('ada')).toBe('ready');
    expect((await ada.startServer()).status).toBe(201);
    expect(hub.engine.launches('ada')).toBe(2);
  });
});
