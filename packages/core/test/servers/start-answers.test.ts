import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestHub, type TestHub } from '../../../testing/src/index.ts';
import { HubError, type HubHooks, spawnFailure, spawnRefusal } from '../../src/index.ts';

const hooks: HubHooks = {
  beforeSpawn({ user }) {
    if (user.name === 'plain') throw new Error('secret 42');
    if (user.name === 'later') {
      throw new HubError('HUB_TOO_MANY', 'The disks are being moved.', { headers: { 'Retry-After': '120' } });
    }
    if (user.name === 'full') {
      throw spawnRefusal('All GPUs are taken.', {
        status: 503,
        headers: { 'Retry-After': '7' },
        logMessage: 'node gpu-3 is drained',
      });
    }
    if (user.name === 'odd') throw spawnRefusal('Odd.', { status: 42 });
    return undefined;
  },
};

describe('what a start is answered with (P226, P228, R81, W112)', () => {
  let hub: TestHub;
  beforeAll(async () => {
    hub = await createTestHub({
      hooks,
      servers: { named: true, slowStart: 1, retryAfter: [11, 13] },
      spawner: { startTimeout: 20, httpTimeout: 0.5 },
    });
  });
  afterAll(() => hub[Symbol.asyncDispose]());

  it.each([
    ['ready in time', 'quick', {}, 201, ''],
    ['slow to launch', 'slow', { beforeSave: new Promise(() => {}) }, 202, ''],
    ['a fault of a hook', 'plain', {}, 500, /^Something went wrong/],
    ['no HTTP in time', 'mute', { answers: 'never' }, 500, /did not answer/],
    ['an end while it starts', 'ends', { exits: { code: 4 } }, 500, /ended with exit code 4/],
    ['a refusal', 'full', {}, 503, 'All GPUs are taken.'],
    ['a refusal without a proper status', 'odd', {}, 500, 'Odd.'],
  ] as const)('%s', async (_what, name, plan, status, words) => {
    hub.engine.plan(name, plan);
    const user = await hub.signIn(name);
    const answer = await user.startServer();
    const message = answer.text === '' ? '' : answer.json.message;
    expect(answer.status).toBe(status);
    if (typeof words === 'string') expect(message).toBe(words);
    else expect(message).toMatch(words);
    expect(answer.text).not.toContain('secret 42');
    if (name === 'slow') await user.stopServer();
  });

  it('a refusal that says when to try again, whoever raised it: on the API and on the page', async () => {
    const later = await (await hub.signIn('later')).startServer();
    expect([later.status, later.headers['retry-after'], later.json.message]).toEqual([
      429,
      '120',
      'The disks are being moved.',
    ]);
    const browser = hub.browser();
    await browser.signInByForm({ username: 'full', password: 'full' });
    const page = await browser.get('/hub/spawn/full');
    expect([page.status, page.headers['retry-after']]).toEqual([503, '7']);
    expect(page.text).toContain('All GPUs are taken.');
    expect(page.text).not.toContain('gpu-3');
  });

  it('a full engine: when to try again is drawn as for a full hub', async () => {
    hub.engine.plan('engine', { fails: spawnFailure('throttled', 'The cluster is full.') });
    const { status, headers } = await (await hub.signIn('engine')).startServer();
    expect(status).toBe(429);
    expect(Number(headers['retry-after'])).toBeGreaterThanOrEqual(11);
    expect(Number(headers['retry-after'])).toBeLessThanOrEqual(13);
  });

  it('tells the operator more than the user, where a refusal does (P239)', async () => {
    const lines = () =>
      hub.log.filter(({ message, fields }) => message === 'start refused' && fields.user === 'full');
    const user = await hub.signIn('full');
    expect((await user.startServer()).text).not.toContain('gpu-3');
    expect(lines().at(-1)?.fields).toMatchObject({
      reason: 'All GPUs are taken.',
      words: 'node gpu-3 is drained',
    });
  });

  it('while something is pending: 202 for a start, 400 for what excludes it (P225)', async () => {
    const user = await hub.signIn('pending');
    const stop = Promise.withResolvers<void>();
    hub.engine.plan('pending', { beforeSave: new Promise(() => {}), beforeStop: stop.promise });
    expect((await user.startServer()).status).toBe(202);
    expect((await user.server()).json).toMatchObject({ pending: 'spawn', ready: false, stopped: false });
    expect((await user.startServer()).status, 'a start is pending').toBe(202);
    const change = await user.api('PATCH', '/users/pending/server', { user_options: { a: 1 } });
    expect([change.status, change.json.message]).toEqual([
      400,
      'pending is active. Please stop it before modifying it.',
    ]);
    const stopping = user.stopServer();
    await hub.until(async () => (await hub.phase('pending')) === 'stopping');
    expect((await user.server()).json).toMatchObject({ pending: 'stop', ready: false, stopped: false });
    const refused = await user.startServer();
    expect([refused.status, refused.json.message]).toEqual([400, 'pending is pending stop']);
    stop.resolve();
    expect((await stopping).status).toBe(204);
    expect((await user.server()).json).toMatchObject({ pending: null, ready: false, stopped: true });
  });
});

describe('how long is waited is a setting (P226, P227)', () => {
  it('of 0: a start and a stop are answered at once, even quick ones', async () => {
    await using hub = await createTestHub({ servers: { slowStart: 0, slowStop: 0 } });
    const ada = await hub.signIn('ada');
    expect((await ada.startServer()).status).toBe(202);
    await hub.until(async () => (await hub.phase('ada')) === 'ready');
    expect((await ada.stopServer()).status).toBe(202);
    expect([202, 204]).toContain((await ada.stopServer()).status); // it is on its way, or gone
    await hub.until(async () => (await hub.phase('ada')) === 'stopped');
    expect((await ada.stopServer()).status).toBe(204);
  });

  it('of its own for starts and for stops', async () => {
    await using hub = await createTestHub({ servers: { slowStart: 20, slowStop: 0.3 } });
    const ada = await hub.signIn('ada');
    hub.engine.plan('ada', { startAfter: 1_000 });
    expect((await ada.startServer()).status).toBe(201);
    const stop = Promise.withResolvers<void>();
    hub.engine.plan('ada', { beforeStop: stop.promise });
    expect((await ada.stopServer()).status).toBe(202);
    expect((await ada.stopServer()).status, 'once more').toBe(202);
    stop.resolve();
    await hub.until(async () => (await hub.phase('ada')) === 'stopped');
  });

  it.each([[[5]], [[1, 2, 3]], [[0, 5]], [['30', '60']]])(
    'a range of `Retry-After` that is none is refused at start: %j',
    async (retryAfter) => {
      await expect(
        createTestHub({ servers: { retryAfter: retryAfter as never }, start: false }),
      ).rejects.toMatchObject({
        problems: expect.arrayContaining([expect.stringContaining('servers.retryAfter')]),
      });
    },
  );
});
