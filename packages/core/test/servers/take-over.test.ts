import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createTestHub,
  FakeEngine,
  FakeProxyTable,
  type TestHub,
  type TestHubOptions,
} from '../../../testing/src/index.ts';
import { createTestDatabase, type TestDatabase } from '../../src/index.ts';

const connectUrl = 'http://127.0.0.1:9';
const gate = () => Promise.withResolvers<void>();
/** A lease lasts five seconds. */
const leaseSeconds = 9;

describe('two hubs on one database', () => {
  let database: TestDatabase;
  let engine: FakeEngine;
  let proxy: FakeProxyTable;
  let hubs: TestHub[] = [];

  beforeEach(async () => {
    database = await createTestDatabase();
    engine = new FakeEngine();
    proxy = new FakeProxyTable();
  });
  afterEach(async () => {
    await Promise.all(hubs.map((hub) => hub[Symbol.asyncDispose]()));
    hubs = [];
    await engine.close();
    await database.drop();
  });

  async function open(host: string, more: TestHubOptions = {}): Promise<TestHub> {
    const servers = { slowStart: 0, slowStop: 0.2, keep: true, ...more.servers };
    const hub = await createTestHub({ database, engine, proxy, host, hub: { connectUrl }, ...more, servers });
    hubs.push(hub);
    return hub;
  }

  it('begin anew what the dead one had not launched, at its old place, with a new token (design, "Take-over")', async () => {
    const a = await open('a', { servers: { concurrentStarts: 2 } });
    const hold = gate();
    for (const name of ['ada', 'bob', 'cy', 'dan']) {
      engine.plan(name, { beforeSave: hold.promise, progress: [{ message: 'told by the spawner' }] });
      await (await a.signIn(name)).startServer();
    }
    await a.until(async () => (await a.phase('bob')) === 'starting');
    const before = await a.server('ada');
    expect([await a.phase('cy'), await a.phase('dan')]).toEqual(['queued', 'queued']);
    const b = await open('b', { servers: { concurrentStarts: 2 } });
    const story = (await b.signIn('ada')).progress();
    a.freeze();
    await b.until(async () => (await b.server('ada')).attempt === 2, leaseSeconds);
    await b.until(async () => (await b.phase('ada')) === 'starting');
    const after = await b.server('ada');
    expect(after).toMatchObject({ takeOvers: 1, queuedAt: before.queuedAt });
    expect(after.tokenId).not.toBe(before.tokenId);
    expect([await b.phase('cy'), await b.phase('dan')]).toEqual(['queued', 'queued']);
    hold.resolve();
    a.thaw();
    for (const name of ['ada', 'bob', 'cy', 'dan']) {
      await b.until(async () => (await b.phase(name)) === 'ready');
      expect(engine.launches(name)).toBe(1); // the old hub's spawner was refused its state (P805)
    }
    const { events } = await story;
    expect(events.map(({ message }) => message)).toEqual([
      'Server requested',
      'told by the spawner',
      'The hub was restarted; the start begins again',
      'told by the spawner',
      'Server ready at /user/ada/',
    ]);
  }, 40_000);

  it('go on with what the dead one had launched: same process, same token, no secret needed (P204, P209, P255)', async () => {
    const a = await open('a');
    const hold = gate();
    engine.plan('ada', { afterSave: hold.promise });
    await (await a.signIn('ada')).startServer();
    await a.until(() => engine.of('ada'));
    const { tokenId } = await a.server('ada');
    const b = await open('b');
    a.freeze();
    await b.until(async () => (await b.phase('ada')) === 'ready', leaseSeconds);
    expect(await b.server('ada')).toMatchObject({ attempt: 1, tokenId });
    expect(proxy.targetOf('/user/ada/')).toBe(engine.of('ada')?.origin);
    hold.resolve();
    a.thaw();
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(engine.launches('ada')).toBe(1);
    expect(engine.of('ada')).toBeDefined();
    expect(await b.phase('ada')).toBe('ready');
  }, 40_000);

  it('clean up and begin anew when what was launched has died meanwhile (P253)', async () => {
    const a = await open('a');
    const hold = gate();
    engine.plan('ada', { afterSave: hold.promise });
    await (await a.signIn('ada')).startServer();
    await a.until(() => engine.of('ada'));
    const b = await open('b');
    a.freeze();
    await engine.crash('ada', { code: 1 });
    engine.plan('ada', {});
    await b.until(async () => (await b.phase('ada')) === 'ready', leaseSeconds);
    expect(await b.server('ada')).toMatchObject({ attempt: 2, takeOvers: 0 });
    hold.resolve();
  }, 40_000);

  it('finish the stop of the dead one', async () => {
    const a = await open('a');
    const ada = await a.signIn('ada');
    await ada.startServer();
    await a.until(async () => (await a.phase('ada')) === 'ready');
    const hold = gate();
    engine.plan('ada', { beforeStop: hold.promise });
    await ada.stopServer();
    const b = await open('b');
    a.freeze();
    engine.plan('ada', {});
    await b.until(async () => (await b.phase('ada')) === 'stopped', leaseSeconds);
    expect(engine.of('ada')).toBeUndefined();
    hold.resolve();
  }, 40_000);

  it('end a start as interrupted after three take-overs', async () => {
    const a = await open('a');
    engine.plan('ada', { beforeSave: new Promise(() => {}) });
    await (await a.signIn('ada')).startServer();
    await a.until(async () => (await a.phase('ada')) === 'starting');
    // What would take minutes: three hubs that died over this start.
    const { run } = await rows(database);
    await run(`UPDATE servers SET take_overs = 3`);
    const b = await open('b');
    a.freeze();
    await b.until(async () => (await b.phase('ada')) === 'stopped', leaseSeconds);
    expect(await b.server('ada')).toMatchObject({ failure: { cause: 'interrupted' }, tokenId: null });
  }, 40_000);

  it('count the take-overs of a start that never gets ready', async () => {
    const a = await open('a');
    engine.plan('ada', { beforeSave: new Promise(() => {}) });
    await (await a.signIn('ada')).startServer();
    await a.until(async () => (await a.phase('ada')) === 'starting');
    const b = await open('b');
    await a.hub.stop({ keepServers: true });
    await b.until(async () => (await b.server('ada')).takeOvers === 1);
    expect(await b.server('ada')).toMatchObject({ attempt: 2 });
  }, 40_000);

  it('move the route of the hub itself to the one that lives (design 5a, "Addresses")', async () => {
    const a = await open('a');
    const b = await open('b');
    expect(proxy.targetOf('/hub/home')).toBe(a.url);
    a.freeze();
    await b.until(() => proxy.targetOf('/hub/home') === b.url, 12);
  }, 40_000);

  it('share the stop: one asked of the other hub ends a launch under way here at once', async () => {
    const a = await open('a');
    engine.plan('ada', { beforeSave: new Promise(() => {}) });
    await (await a.signIn('ada')).startServer();
    await a.until(async () => (await a.phase('ada')) === 'starting');
    const b = await open('b');
    const other = await b.signIn('ada');
    await other.stopServer();
    await b.until(async () => (await b.phase('ada')) === 'stopped', 3);
    await a.until(() => a.log.find(({ message }) => message.startsWith('launch given up')), 3);
    expect(engine.launches('ada')).toBe(0);
  });

  it('leave a process to the hubs of its machine, whoever is asked to stop it (design, "Host")', async () => {
    const local = { spawner: { hostBound: true } };
    const a = await open('a', local);
    await (await a.signIn('ada')).startServer();
    await a.until(async () => (await a.phase('ada')) === 'ready');
    expect(await a.server('ada')).toMatchObject({ host: 'a' });
    const b = await open('b', local);
    const stopped: string[] = [];
    a.hub.on('serverStopped', () => void stopped.push('a'));
    b.hub.on('serverStopped', () => void stopped.push('b'));
    await (await b.signIn('ada')).stopServer();
    await b.until(async () => (await b.phase('ada')) === 'stopped');
    expect(stopped).toEqual(['a']);

    await (await a.signIn('ada')).startServer();
    await a.until(async () => (await a.phase('ada')) === 'ready');
    const { host } = await a.server('ada');
    const [there, elsewhere] = host === 'a' ? [a, b] : [b, a];
    there.freeze();
    await engine.crash('ada', { code: 1 });
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    expect(await elsewhere.hub.servers.pollNow(await elsewhere.server('ada'))).toBeNull();
    expect(await elsewhere.phase('ada')).toBe('ready'); // unreachable is not dead
  }, 40_000);

  it('begin nothing while their lease is not fresh (design, "Owner and lease")', async () => {
    const a = await open('a');
    const b = await open('b');
    const client = await a.signIn('ada');
    a.freeze();
    await new Promise((resolve) => setTimeout(resolve, 4_000));
    await client.startServer(); // recorded by the one, launched by the other
    await b.until(async () => (await b.phase('ada')) === 'ready');
    expect(a.log.some(({ message }) => message === 'server ready')).toBe(false);
    expect(b.log.some(({ message }) => message === 'server ready')).toBe(true);
  }, 40_000);

  it('refuse a second hub of the same host, naming the setting (design, "Host")', async () => {
    await open('a');
    await expect(open('a')).rejects.toMatchObject({
      code: 'HUB_START_FAILED',
      message: expect.stringContaining('A hub named "a" already runs'),
      hint: expect.stringContaining('`host`'),
    });
  });

  it('refuse a hub that gives its servers another address, or the listener of one hub alone (design 5a)', async () => {
    const a = await open('a');
    await expect(open('b', { hub: { connectUrl: 'http://127.0.0.1:10' } })).rejects.toMatchObject({
      code: 'HUB_START_FAILED',
      hint: expect.stringContaining('`hub.connectUrl`'),
    });
    await a.hub.stop();
    const own = await open('c', { hub: {} });
    await expect(open('d', { hub: { connectUrl: own.url } })).rejects.toMatchObject({
      code: 'HUB_START_FAILED',
      message: expect.stringContaining('is the listener of the hub "c" alone'),
    });
  });
});

/** The database itself, for what no hub would do. */
async function rows(database: TestDatabase) {
  const { default: postgres } = await import('postgres');
  return {
    async run(statement: string): Promise<void> {
      const client = postgres({ ...database.connection, max: 1 });
      await client.unsafe(statement);
      await client.end();
    },
  };
}
