import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestHub, type TestHub } from '../../../testing/src/index.ts';

const gate = () => Promise.withResolvers<void>();

describe('a server', () => {
  let hub: TestHub;
  beforeAll(async () => {
    hub = await createTestHub({
      servers: { named: true, slowStart: 3, slowStop: 3 },
      spawner: { pollInterval: 1, environment: { MINE: 'yes' } },
    });
  });
  afterAll(() => hub[Symbol.asyncDispose]());

  it('starts, is ready with its route, and stops without leaving anything (R80, R81, R83, R84, P220, P251, P252)', async () => {
    const ada = await hub.signIn('ada');
    expect((await ada.startServer()).status).toBe(201);

    expect(await hub.server('ada')).toMatchObject({
      phase: 'ready',
      owner: null,
      attempt: 1,
      peerVersion: '5.0.0',
    });
    expect(hub.proxy.targetOf('/user/ada/lab')).toBe(hub.engine.of('ada')?.origin);
    expect((await ada.server()).json).toMatchObject({ ready: true, stopped: false, pending: null });

    const token = hub.engine.of('ada')?.environment.JUPYTERHUB_API_TOKEN ?? '';
    const whoAmI = () => hub.request('GET', '/hub/api/user', { token });
    expect((await whoAmI()).json).toMatchObject({ name: 'ada' });
    const tokens = (await ada.api('GET', '/users/ada/tokens')).json.api_tokens;
    expect(tokens).toContainEqual(expect.objectContaining({ note: 'Server at /user/ada/' }));

    const stop = gate();
    hub.engine.plan('ada', { beforeStop: stop.promise });
    const stopping = ada.stopServer();
    await hub.until(async () => (await hub.phase('ada')) === 'stopping');
    // The route goes before the process, the token after it (P250, P252).
    await hub.until(() => hub.proxy.targetOf('/user/ada/lab') === hub.url);
    expect(hub.engine.of('ada')).toBeDefined();
    expect((await whoAmI()).status).toBe(200);
    stop.resolve();
    expect((await stopping).status).toBe(204);

    expect(await hub.server('ada')).toMatchObject({
      phase: 'stopped',
      owner: null,
      state: null,
      target: null,
      tokenId: null,
      oauthClientId: null,
      failure: null,
    });
    expect((await whoAmI()).status).toBe(403);
    expect(hub.engine.of('ada')).toBeUndefined();
    expect((await ada.stopServer()).status).toBe(204); // already stopped (R83)
  });

  it('gets the whole environment of the contract (P240)', async () => {
    const user = await hub.signIn('emil');
    await user.startServer();
    const { environment = {}, origin } = hub.engine.of('emil') ?? {};
    expect(environment).toMatchObject({
      JUPYTERHUB_API_TOKEN: expect.stringMatching(/^[0-9a-f]{32}$/),
      JPY_API_TOKEN: environment.JUPYTERHUB_API_TOKEN,
      JUPYTERHUB_CLIENT_ID: 'jupyterhub-user-emil',
      JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED: '0',
      JUPYTERHUB_HOST: '',
      JUPYTERHUB_OAUTH_CALLBACK_URL: '/user/emil/oauth_callback',
      JUPYTERHUB_OAUTH_SCOPES: '["access:servers!server=emil/","access:servers!user=emil"]',
      JUPYTERHUB_OAUTH_ACCESS_SCOPES: '["access:servers!server=emil/","access:servers!user=emil"]',
      JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES: '[]',
      JUPYTERHUB_USER: 'emil',
      JUPYTERHUB_SERVER_NAME: '',
      JUPYTERHUB_API_URL: `${hub.url}/hub/api`,
      JUPYTERHUB_ACTIVITY_URL: `${hub.url}/hub/api/users/emil/activity`,
      JUPYTERHUB_BASE_URL: '/',
      JUPYTERHUB_SERVICE_PREFIX: '/user/emil/',
      JUPYTERHUB_SERVICE_URL: `${origin}/user/emil/`,
      MINE: 'yes',
    });
    expect(Object.keys(environment)).not.toContain('JUPYTERHUB_CRYPT_KEY');
    await user.stopServer();
  });

  it('is launched once by twenty starts at the same time (R80)', async () => {
    const user = await hub.signIn('twenty');
    const go = gate();
    hub.engine.plan('twenty', { beforeSave: go.promise });
    const answers = Promise.all(Array.from({ length: 20 }, () => user.startServer()));
    await hub.until(async () => (await hub.phase('twenty')) === 'starting');
    go.resolve();
    expect((await answers).map(({ status }) => status)).toEqual(Array(20).fill(201));
    expect(hub.engine.launches('twenty')).toBe(1);
    const trail = (await hub.server('twenty')).attempt;
    expect(trail).toBe(1);
  });

  it('cannot be started while it runs (R80, P225)', async () => {
    const user = await hub.signIn('runner');
    await user.startServer();
    const again = await user.startServer();
    expect([again.status, again.json.message]).toEqual([400, 'runner is already running']);
    expect(hub.engine.launches('runner')).toBe(1);
  });

  it('cannot be started while it stops, and says which one (R80)', async () => {
    const user = await hub.signIn('u1');
    await user.startServer('slow');
    const stop = gate();
    hub.engine.plan('u1', { beforeStop: stop.promise });
    const stopping = user.stopServer('slow');
    await hub.until(async () => (await hub.phase('u1', 'slow')) === 'stopping');
    const start = await user.startServer('slow');
    expect([start.status, start.json.message]).toEqual([400, 'u1:slow is pending stop']);
    expect((await user.server('slow')).json).toMatchObject({ pending: 'stop', ready: false, stopped: false });
    stop.resolve();
    expect((await stopping).status).toBe(204);
  });

  it('is replaced when it died and nobody had noticed (R80)', async () => {
    const user = await hub.signIn('ghost');
    await user.startServer();
    await hub.engine.crash('ghost', { code: 9 });
    expect((await user.startServer()).status).toBe(201);
    expect(hub.engine.launches('ghost')).toBe(2);
    expect(await hub.server('ghost')).toMatchObject({ phase: 'ready', attempt: 2 });
  });

  it('that ends by itself is stopped, its route and token gone (P250)', async () => {
    const user = await hub.signIn('mortal');
    await user.startServer();
    const before = await hub.server('mortal');
    await hub.engine.crash('mortal', { code: 1 });
    await hub.until(async () => (await hub.phase('mortal')) === 'stopped', 5);
    expect(hub.proxy.routes.has('/user/mortal/')).toBe(false);
    expect(before.tokenId).not.toBeNull();
    expect((await user.api('GET', '/users/mortal/tokens')).json.api_tokens).toHaveLength(1);
  });

  it('whose spawner tells its end is stopped at once, even when it ends as it gets ready (P250)', async () => {
    const user = await hub.signIn('sudden');
    await user.startServer();
    const began = performance.now();
    await hub.engine.crash('sudden', { code: 1 }, { tell: true });
    await hub.until(async () => (await hub.phase('sudden')) === 'stopped', 5);
    expect(performance.now() - began).toBeLessThan(900);
  });

  it('that cannot be polled is taken to run (P203; design, "Watching")', async () => {
    const user = await hub.signIn('foggy');
    await user.startServer();
    hub.engine.plan('foggy', { unknown: true });
    await hub.until(() => hub.log.find(({ message }) => message.startsWith('server could not be polled')), 5);
    expect(await hub.server('foggy')).toMatchObject({ phase: 'ready' });
    expect((await user.startServer()).json.message).toBe('foggy is already running');
    hub.engine.plan('foggy', {});
  });

  it('whose start is cancelled never runs; the waiting start gets 500, its story ends so (R83, R90)', async () => {
    const user = await hub.signIn('fickle');
    const never = gate();
    hub.engine.plan('fickle', { beforeSave: never.promise });
    const starting = user.startServer();
    await hub.until(() => hub.engine.story.some((line) => line.startsWith('start ')), 5);
    await hub.until(async () => (await hub.phase('fickle')) === 'starting');
    const story = user.progress();
    expect((await user.stopServer()).status).toBe(204);
    const answer = await starting;
    expect([answer.status, answer.json.message]).toEqual([500, 'Spawn cancelled']);
    expect((await story).events.at(-1)).toEqual({ progress: 100, failed: true, message: 'Spawn cancelled' });
    expect(hub.engine.launches('fickle')).toBe(0);
    expect(await hub.server('fickle')).toMatchObject({ phase: 'stopped', tokenId: null });
  });

  it('whose start is cancelled when it runs already is ended too (P202, P230)', async () => {
    const user = await hub.signIn('late');
    const never = gate();
    hub.engine.plan('late', { afterSave: never.promise, ignoresSignal: true });
    const starting = user.startServer();
    await hub.until(() => hub.engine.of('late'));
    expect((await user.stopServer()).status).toBe(204);
    expect((await starting).status).toBe(500);
    expect(hub.engine.of('late')).toBeUndefined();
    never.resolve();
    expect(hub.proxy.routes.has('/user/late/')).toBe(false);
  });

  it('answers 202 when it takes long, and tells what it waits for (R81, P225, P226)', async () => {
    const user = await hub.signIn('patient');
    const go = gate();
    hub.engine.plan('patient', { beforeSave: go.promise });
    expect((await user.startServer()).status).toBe(202);
    expect((await user.server()).json).toMatchObject({
      pending: 'spawn',
      ready: false,
      stopped: false,
      started: expect.any(String),
    });
    go.resolve();
    await hub.until(async () => (await hub.phase('patient')) === 'ready');
  });

  it('that was removed while it ran is forgotten by its spawner first (R83, P213)', async () => {
    const user = await hub.signIn('tidy');
    await user.startServer('gone');
    const { id } = await hub.server('tidy', 'gone');
    expect((await user.stopServer('gone', { remove: true })).status).toBe(204);
    expect((await user.server('gone')).status).toBe(404);
    expect(hub.engine.story.filter((line) => line.endsWith(` ${id}-1`))).toEqual([
      `start ${id}-1`,
      `save ${id}-1`,
      `stop ${id}-1`,
      `gone ${id}-1`,
      `delete ${id}-1`,
    ]);
  });

  it('takes the options of the last start unless new ones are given (R75, R76)', async () => {
    const user = await hub.signIn('choosy');
    await user.startServer('', { user_options: { size: 'L' } });
    await user.stopServer();
    await user.startServer();
    expect(hub.engine.of('choosy')?.userOptions).toEqual({ size: 'L' });
    await user.stopServer();
    await user.startServer('', { size: 'S' });
    expect(hub.engine.of('choosy')?.userOptions).toEqual({ size: 'S' });
  });
});

describe('a stop', () => {
  it('that fails stays `stopping` with its failure and is tried again; DELETE tries at once (design section 5)', async () => {
    await using hub = await createTestHub({ servers: { slowStop: 0.2 } });
    const ada = await hub.signIn('ada');
    await ada.startServer();
    hub.engine.plan('ada', { failingStops: 3 });
    const tries = () => hub.engine.story.filter((line) => line.startsWith('stop ')).length;

    expect((await ada.stopServer()).status).toBe(202);
    await hub.until(async () => (await hub.server('ada')).stopTries === 1);
    expect(await hub.server('ada')).toMatchObject({ phase: 'stopping', failure: { cause: 'stop-failed' } });
    expect(hub.engine.of('ada')).toBeDefined();
    expect((await hub.server('ada')).tokenId).not.toBeNull();
    expect((await ada.startServer()).json.message).toBe('ada is pending stop');

    const began = performance.now();
    await hub.until(() => tries() >= 2, 5); // by itself, after a second
    expect(performance.now() - began).toBeGreaterThan(300);
    await hub.until(async () => (await hub.server('ada')).stopTries === 2);

    const asked = performance.now();
    await ada.stopServer();
    await hub.until(() => tries() >= 3, 5);
    expect(performance.now() - asked).toBeLessThan(1_000); // two seconds were due
    await hub.until(async () => (await hub.server('ada')).stopTries === 3);
    await ada.stopServer();
    await hub.until(async () => (await hub.phase('ada')) === 'stopped');
    expect(await hub.server('ada')).toMatchObject({ failure: null, stopTries: 0 });
    expect(hub.engine.running).toEqual([]);
  });

  it('that takes too long is answered without, and counts as failed (design, "Bounds")', async () => {
    await using hub = await createTestHub({ servers: { slowStop: 0.1 }, spawner: { stopTimeout: 0.5 } });
    const overdue: string[] = [];
    hub.hub.on('pluginOverdue', ({ call }) => void overdue.push(call));
    const ada = await hub.signIn('ada');
    await ada.startServer();
    const never = Promise.withResolvers<void>();
    const { stop } = hub.engine;
    hub.engine.stop = () => never.promise;
    await ada.stopServer();
    await hub.until(async () => (await hub.server('ada')).stopTries === 1, 5);
    expect(overdue).toEqual(['stop']);
    hub.engine.stop = stop;
    never.resolve();
    await hub.until(async () => (await hub.phase('ada')) === 'stopped', 5);
  });
});
