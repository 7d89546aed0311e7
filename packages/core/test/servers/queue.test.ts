import { describe, expect, it } from 'vitest';
import { createTestHub, type TestHub } from '../../../testing/src/index.ts';

/** Starts of these users, asked for one after the other, all of which wait for `open`. */
async function startsOf(hub: TestHub, names: readonly string[]) {
  const gates = new Map(names.map((name) => [name, Promise.withResolvers<void>()]));
  const clients = [];
  const starts = [];
  for (const name of names) {
    hub.engine.plan(name, { beforeSave: gates.get(name)?.promise ?? Promise.resolve() });
    const client = await hub.signIn(name);
    clients.push(client);
    starts.push(client.startServer());
    await hub.until(() => hub.phase(name).then((phase) => phase === 'queued' || phase === 'starting'));
  }
  return { clients, starts, open: (name: string) => gates.get(name)?.resolve() };
}

const phases = (hub: TestHub, names: readonly string[]) => Promise.all(names.map((name) => hub.phase(name)));

describe('the queue', () => {
  it('lets starts wait their turn, first come, first served, and tells their place (design, "Queue, not refusal")', async () => {
    await using hub = await createTestHub({ servers: { concurrentStarts: 2, slowStart: 30 } });
    const names = ['a', 'b', 'c', 'd', 'e', 'f'];
    const { clients, starts, open } = await startsOf(hub, names);
    await hub.until(async () => (await phases(hub, ['a', 'b'])).every((phase) => phase === 'starting'));
    expect(await phases(hub, names)).toEqual([
      'starting',
      'starting',
      'queued',
      'queued',
      'queued',
      'queued',
    ]);
    expect((await clients[5]?.server())?.json).toMatchObject({ pending: 'spawn', ready: false });

    const last = clients[5]?.progress();
    await new Promise((resolve) => setTimeout(resolve, 700)); // its first place is told before anybody leaves
    // The fourth gives up: it is gone at once, and those behind it move up (R83, R90).
    const given = clients[3]?.progress();
    const began = performance.now();
    expect((await clients[3]?.stopServer())?.status).toBe(204);
    expect(performance.now() - began).toBeLessThan(1_000);
    const cancelled = await starts[3];
    expect([cancelled?.status, cancelled?.json.message]).toEqual([500, 'Spawn cancelled']);
    expect((await given)?.events.at(-1)).toEqual({ progress: 100, failed: true, message: 'Spawn cancelled' });

    open('b');
    await hub.until(async () => (await hub.phase('c')) === 'starting');
    expect(await phases(hub, ['a', 'e', 'f'])).toEqual(['starting', 'queued', 'queued']);
    await new Promise((resolve) => setTimeout(resolve, 1_300)); // its place is told once a second at most
    open('a');
    await hub.until(async () => (await hub.phase('e')) === 'starting');
    open('c');
    await hub.until(async () => (await hub.phase('f')) === 'starting');
    for (const name of names) open(name);

    expect((await Promise.all(starts)).map(({ status }) => status)).toEqual([201, 201, 201, 500, 201, 201]);
    const order = hub.engine.story.flatMap((line) => (line.startsWith('start ') ? [line.slice(6)] : []));
    const ids = await Promise.all(['a', 'b', 'c', 'e', 'f'].map(async (name) => (await hub.server(name)).id));
    expect(order).toEqual(ids.map((id) => `${id}-1`));

    const events = (await last)?.events ?? [];
    expect(events[0]).toEqual({ progress: 0, message: 'Server requested' });
    expect(events[1]).toEqual({ progress: 0, message: 'Waiting: 3 starts before yours', queue: 3 });
    expect(events).toContainEqual({ progress: 0, message: 'Waiting: 1 start before yours', queue: 1 });
    expect(events.filter((event) => event.ready || event.failed)).toHaveLength(1);
    expect(events.at(-1)).toMatchObject({ ready: true, url: '/user/f/' });
  });

  it('tells who comes to its front so, and who stands there from the beginning (design, "Queue, not refusal")', async () => {
    await using hub = await createTestHub({ servers: { concurrentStarts: 1, slowStart: 0 } });
    const { clients, open } = await startsOf(hub, ['busy', 'first', 'second']);
    const ended = new AbortController();
    const places = async (name: string, until: number) => {
      for await (const event of hub.hub.servers.progress(await hub.server(name), ended.signal)) {
        if (event.queue === until) return event;
      }
      return null;
    };
    const next = { progress: 0, message: 'Waiting: yours is the next start', queue: 0 };
    expect(await places('first', 0)).toEqual(next);
    const moves = places('second', 0);
    expect(await places('second', 1)).toMatchObject({ message: 'Waiting: 1 start before yours' });
    await clients[1]?.stopServer();
    expect(await moves).toEqual(next);
    ended.abort();
    for (const name of ['busy', 'second']) open(name);
    await hub.until(async () => (await hub.phase('second')) === 'ready');
  });

  it('puts an administrator behind those who start their own (design, "Queue, not refusal")', async () => {
    await using hub = await createTestHub({ servers: { concurrentStarts: 1, slowStart: 0 } });
    const root = await hub.signIn('root', { admin: true });
    const { open } = await startsOf(hub, ['busy']);
    await hub.signIn('guest');
    await root.api('POST', '/users/guest/server');
    const owner = await hub.signIn('owner');
    await owner.startServer();
    open('busy');
    await hub.until(() => hub.engine.of('guest'));
    const launched = hub.engine.story.filter((line) => line.startsWith('launch'));
    expect(launched.map((line) => line.split(' ')[2])).toEqual(['busy', 'owner', 'guest']);
  });

  it('is full at its limit: 429 with the text and Retry-After of the contract (W32, R80)', async () => {
    await using hub = await createTestHub({
      servers: { concurrentStarts: 1, queueLimit: 2, slowStart: 0.1, retryAfter: [42, 42] },
    });
    const { starts, open } = await startsOf(hub, ['a', 'b', 'c']);
    expect((await Promise.all(starts)).map(({ status }) => status)).toEqual([202, 202, 202]);
    const refused = await (await hub.signIn('d')).startServer();
    expect(refused.status).toBe(429);
    expect(refused.headers['retry-after']).toBe('42');
    expect(refused.json).toMatchObject({
      status: 429,
      message: 'Too many users trying to log in right now. Try again in 50 seconds.',
    });
    expect(await hub.phase('d')).toBe('stopped');
    for (const name of ['a', 'b', 'c']) open(name);
    await hub.until(async () => (await phases(hub, ['a', 'b', 'c'])).every((phase) => phase === 'ready'));
  });

  it('does not count starts that have room at once: twenty together at a limit of one waiting (design)', async () => {
    await using hub = await createTestHub({ servers: { concurrentStarts: 100, queueLimit: 1 } });
    const clients = await Promise.all(Array.from({ length: 20 }, (_, index) => hub.signIn(`u${index}`)));
    const answers = await Promise.all(clients.map((client) => client.startServer()));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(201));
  });

  it('of length 0 refuses as the original does, on pages too (W30, W32, P228)', async () => {
    await using hub = await createTestHub({
      servers: { concurrentStarts: 2, queueLimit: 0, slowStart: 0.1 },
    });
    const { starts, open } = await startsOf(hub, ['a', 'b']);
    await Promise.all(starts);
    const refused = await (await hub.signIn('c')).startServer();
    const wait = Number(refused.headers['retry-after']);
    expect([refused.status, wait >= 30 && wait <= 60]).toEqual([429, true]);
    const browser = hub.browser();
    await browser.signInByForm({ username: 'c', password: 'c' });
    const page = await browser.get('/hub/spawn/c');
    const pageWait = Number(page.headers['retry-after']);
    expect([page.status, pageWait >= 30 && pageWait <= 60]).toEqual([429, true]);
    expect(page.text).toContain('Too many users trying to log in right now. Try again in ');
    open('a');
    await hub.until(async () => (await hub.phase('a')) === 'ready');
    expect((await (await hub.signIn('c')).startServer()).status, 'let in, ready or not yet').toBeLessThan(
      300,
    );
  });

  it('has nothing to do with the limit of active servers: 429 without Retry-After (W32, R80)', async () => {
    await using hub = await createTestHub({ servers: { activeLimit: 2 } });
    for (const name of ['a', 'b']) await (await hub.signIn(name)).startServer();
    const third = await hub.signIn('c');
    const refused = await third.startServer();
    expect([refused.status, refused.json.message]).toEqual([
      429,
      'Active user limit exceeded. Try again in a few minutes.',
    ]);
    expect(refused.headers).not.toHaveProperty('retry-after');
    await (await hub.signIn('a')).stopServer();
    expect((await third.startServer()).status).toBe(201);
  });
});
