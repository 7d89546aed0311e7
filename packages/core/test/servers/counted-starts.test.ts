import { afterEach, describe, expect, it } from 'vitest';
import { createTestHub, type TestHub, type TestHubOptions } from '../../../testing/src/index.ts';
import { spawnRefusal } from '../../src/index.ts';

const hubs: TestHub[] = [];
afterEach(async () => {
  await Promise.all(hubs.splice(0).map((hub) => hub[Symbol.asyncDispose]()));
});

async function open(options: TestHubOptions = {}): Promise<TestHub> {
  const hub = await createTestHub({ openMetrics: true, ...options });
  hubs.push(hub);
  return hub;
}

/** Starts counted so far, over these hubs, as `status/reason: count`; what never happened is left out. */
async function counted(...of: TestHub[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const hub of of) {
    const { text } = await hub.request('GET', '/hub/metrics');
    const line = /^jupyterhub_server_spawn_duration_seconds_count\{([^}]*)\} (\d+)$/gm;
    for (const [, labels = '', count] of text.matchAll(line)) {
      const label = (name: string) => new RegExp(`${name}="([^"]*)"`).exec(labels)?.[1];
      const key = `${label('status')}/${label('reason')}`;
      if (Number(count) > 0) counts[key] = (counts[key] ?? 0) + Number(count);
    }
  }
  return counts;
}

const gate = () => Promise.withResolvers<void>();
const stopped = (hub: TestHub, name: string) => async () => (await hub.phase(name)) === 'stopped';

describe('a start is counted once (P702)', () => {
  it.each([
    ['that succeeds', {}, { 'success/': 1 }],
    ['that fails', { fails: new Error('no') }, { 'error/error': 1 }],
    ['whose server ends early', { exits: { code: 1 }, tellsExit: true }, { 'error/exited': 1 }],
    ['that never answers', { answers: 'never' }, { 'error/not-reachable': 1 }],
    [
      'that is refused by its spawner',
      { fails: spawnRefusal('full', { reason: 'capacity' }) },
      { 'failure/capacity': 1 },
    ],
  ] as const)('%s', async (_, plan, expected) => {
    const hub = await open({ spawner: { httpTimeout: 1, startTimeout: 5 } });
    hub.engine.plan('ada', plan);
    await (await hub.signIn('ada')).startServer();
    await hub.until(async () => ['ready', 'stopped'].includes(String(await hub.phase('ada'))));
    await hub.until(async () => Object.keys(await counted(hub)).length > 0);
    expect(await counted(hub)).toEqual(expected);
  });

  it('that is cancelled, whether it waits or is under way', async () => {
    const hub = await open({ servers: { concurrentStarts: 1, slowStart: 0 } });
    const hold = gate();
    for (const name of ['ada', 'bob']) {
      hub.engine.plan(name, { beforeSave: hold.promise });
      await (await hub.signIn(name)).startServer();
    }
    await hub.until(async () => (await hub.phase('ada')) === 'starting');
    expect(await hub.phase('bob')).toBe('queued');
    await (await hub.signIn('bob')).stopServer();
    await (await hub.signIn('ada')).stopServer();
    await hub.until(stopped(hub, 'ada'));
    await hub.until(stopped(hub, 'bob'));
    hold.resolve();
    expect(await counted(hub)).toEqual({ 'failure/cancelled': 2 });
  });

  it('that finds no room, or a stop under way', async () => {
    const hub = await open({ servers: { concurrentStarts: 1, queueLimit: 0, slowStart: 0, slowStop: 0.1 } });
    const hold = gate();
    hub.engine.plan('ada', { beforeSave: hold.promise });
    const ada = await hub.signIn('ada');
    await ada.startServer();
    expect((await (await hub.signIn('bob')).startServer()).status).toBe(429);
    const leave = gate();
    hub.engine.plan('ada', { beforeStop: leave.promise });
    hold.resolve();
    await hub.until(async () => (await hub.phase('ada')) === 'ready');
    await ada.stopServer();
    expect((await ada.startServer()).status).toBe(400);
    expect(await counted(hub)).toEqual({
      'success/': 1,
      'failure/throttled': 1,
      'failure/already-pending': 1,
    });
    leave.resolve();
  });

  it('that a second hub takes over: the attempt that was lost, and the one that followed', async () => {
    const connectUrl = 'http://127.0.0.1:9';
    const servers = { slowStart: 0, keep: true };
    const a = await open({ hub: { connectUrl }, host: 'a', servers });
    const { database, engine, proxy } = a;
    const hold = gate();
    engine.plan('ada', { beforeSave: hold.promise });
    engine.plan('bob', { afterSave: hold.promise });
    await (await a.signIn('ada')).startServer();
    await (await a.signIn('bob')).startServer();
    await a.until(() => engine.of('bob'));
    await a.until(async () => (await a.phase('ada')) === 'starting');
    const b = await open({ hub: { connectUrl }, host: 'b', servers, database, engine, proxy });
    hubs.reverse(); // what is shared goes last
    a.freeze();
    await b.until(async () => (await b.server('ada')).attempt === 2, 15);
    await b.until(async () => (await b.phase('bob')) === 'ready', 15);
    hold.resolve();
    a.thaw();
    await b.until(async () => (await b.phase('ada')) === 'ready');
    expect(await counted(a, b)).toEqual({ 'error/interrupted': 1, 'success/': 2 });
  }, 40_000);
});
