import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestHub, type TestHub } from '../../../testing/src/index.ts';
import { Authenticator, definePlugin, spawnFailure, spawnRefusal } from '../../src/index.ts';

const moody = definePlugin({
  name: 'moody',
  api: 1,
  provides: Authenticator,
  options: { type: 'object', properties: {} },
  create: (): Authenticator => ({
    login: { form: { fields: ['username', 'password'] } },
    authenticate: async (_request, { username = '' }) => ({ name: username }),
    beforeSpawn(user) {
      if (user.name === 'hooked') throw new Error('the hook is broken, secret 42');
    },
  }),
});

describe('a start that fails', () => {
  let hub: TestHub;
  beforeAll(async () => {
    hub = await createTestHub({
      plugins: [moody()],
      spawner: { startTimeout: 1, httpTimeout: 1 },
      servers: { hookTimeout: 1 },
    });
  });
  afterAll(() => hub[Symbol.asyncDispose]());

  async function failureOf(name: string) {
    const user = await hub.signIn(name);
    const answer = await user.startServer();
    await hub.until(async () => (await hub.phase(name)) === 'stopped');
    const { failure } = await hub.server(name);
    const story = await user.progress();
    expect(hub.engine.of(name)).toBeUndefined();
    expect(hub.proxy.routes.has(`/user/${name}/`)).toBe(false);
    expect((await user.api('GET', `/users/${name}/tokens`)).json.api_tokens).toHaveLength(1);
    return { answer, failure, story };
  }

  it('because the server ended names the status and shows the end of its log, soon (P224)', async () => {
    hub.engine.plan('exiting', { exits: { code: 3 }, log: 'cannot import lab' });
    const began = performance.now();
    const { answer, failure } = await failureOf('exiting');
    expect(performance.now() - began).toBeLessThan(8_000); // the original: eleven seconds
    expect([answer.status, answer.json.message]).toEqual([
      500,
      'The server ended with exit code 3 before it was ready.',
    ]);
    expect(failure).toMatchObject({ cause: 'exited', log: 'cannot import lab', attempt: 1, expected: false });
  });

  it('because the server ended is noticed at once when its spawner tells (P224)', async () => {
    hub.engine.plan('told', {
      exits: { code: 1, signal: 'SIGKILL' },
      tellsExit: true,
      afterSave: new Promise(() => {}),
    });
    const { failure } = await failureOf('told');
    expect(failure).toMatchObject({
      cause: 'exited',
      message: expect.stringMatching(/^The server was killed \(SIGKILL\), most likely .*memory/),
    });
  });

  it('because the server never answers HTTP says where it was looked for (P223)', async () => {
    hub.engine.plan('mute', { answers: 'never' });
    const { answer, failure } = await failureOf('mute');
    expect(answer.status).toBe(500);
    expect(failure).toMatchObject({
      cause: 'not-reachable',
      message: expect.stringMatching(
        /^The server runs, but did not answer at http:\/\/127\.0\.0\.1:\d+ within 1 s\.$/,
      ),
    });
  });

  it('because the server answers 500 only is not ready (P223)', async () => {
    hub.engine.plan('broken', { answers: 500 });
    expect((await failureOf('broken')).failure).toMatchObject({ cause: 'not-reachable' });
  });

  it('is not one that answers 404: any status below 500 will do (P223)', async () => {
    hub.engine.plan('fine', { answers: 404 });
    expect((await (await hub.signIn('fine')).startServer()).status).toBe(201);
  });

  it('by its time limit is answered without a spawner that ignores its signal, told once (P221; design, "Bounds")', async () => {
    const overdue: string[] = [];
    hub.hub.on('pluginOverdue', ({ call, plugin }) => void overdue.push(`${plugin} ${call}`));
    const late = Promise.withResolvers<void>();
    hub.engine.plan('slow', { beforeSave: late.promise, ignoresSignal: true });
    const { answer, failure } = await failureOf('slow');
    expect(answer.status).toBe(500);
    expect(failure).toMatchObject({ cause: 'timeout', message: expect.stringContaining('longer than 1 s') });
    expect(overdue).toEqual(['@hub/testing/fake-spawner start']);
    // What it does afterwards counts for nothing: its state is refused, so nothing is launched (P805).
    late.resolve();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(hub.engine.launches('slow')).toBe(0);
    expect((await hub.server('slow')).state).toBeNull();
  });

  it('by refusal keeps status, words and reason, and is expected (P239, R90)', async () => {
    hub.engine.plan('refused', {
      fails: spawnRefusal('All GPUs are taken.', {
        status: 503,
        reason: 'capacity',
        messageHtml: '<b>GPUs</b>',
      }),
    });
    const { answer, failure, story } = await failureOf('refused');
    expect([answer.status, answer.json.message]).toEqual([503, 'All GPUs are taken.']);
    expect(failure).toMatchObject({ cause: 'refused', reason: 'capacity', expected: true, status: 503 });
    expect(story.events).toEqual([
      expect.objectContaining({
        progress: 100,
        failed: true,
        message: 'Spawn failed: All GPUs are taken.',
        html_message: '<b>GPUs</b>',
      }),
    ]);
  });

  it('by a named cause tells sentence and remedy', async () => {
    hub.engine.plan('missing', {
      fails: spawnFailure('command-not-found', 'The command "lab" does not exist.', { hint: 'Install it.' }),
    });
    const { answer, failure } = await failureOf('missing');
    expect(failure).toMatchObject({ cause: 'command-not-found', hint: 'Install it.' });
    expect(answer.json.message).toBe('The command "lab" does not exist.');
  });

  it.each(['hooked', 'throwing'])(
    'by a fault of a plugin keeps its words to the log, and leaves nothing: %s (P221)',
    async (name) => {
      hub.engine.plan('throwing', { fails: new Error('stack and secret 42') });
      const { answer, failure, story } = await failureOf(name);
      expect(answer.status).toBe(500);
      expect(failure).toMatchObject({ cause: 'plugin-error' });
      expect(JSON.stringify([answer.text, failure, story.text])).not.toContain('secret 42');
      const line = hub.log.find(({ message, fields }) => message === 'start failed' && fields.user === name);
      expect(String(line?.fields.err)).toContain('secret 42');
    },
  );

  it('because the proxy refuses its route is stopped again (P222)', async () => {
    const user = await hub.signIn('routeless');
    const go = Promise.withResolvers<void>();
    hub.engine.plan('routeless', { afterSave: go.promise });
    const starting = user.startServer();
    await hub.until(() => hub.engine.of('routeless'));
    hub.proxy.refusal = new Error('no');
    go.resolve();
    const answer = await starting;
    hub.proxy.refusal = null;
    expect(answer.json.message).toBe('The server runs, but the proxy could not be told where it is.');
    await hub.until(async () => (await hub.phase('routeless')) === 'stopped');
    expect(hub.engine.of('routeless')).toBeUndefined();
  });

  it('shows its log without the token of the server', async () => {
    hub.engine.plan('leaky', {
      exits: { code: 1 },
      log: ({ JUPYTERHUB_API_TOKEN }) => `starting with token ${JUPYTERHUB_API_TOKEN}`,
    });
    const { failure } = await failureOf('leaky');
    expect(failure?.log).toBe('starting with token [secret]');
  });

  it('is told until the next start, which begins afresh (P229)', async () => {
    hub.engine.plan('again', { fails: new Error('once') });
    await failureOf('again');
    hub.engine.plan('again', {});
    const user = await hub.signIn('again');
    expect((await user.startServer()).status).toBe(201);
    expect(await hub.server('again')).toMatchObject({ phase: 'ready', attempt: 2, failure: null });
    expect((await user.progress()).events).toEqual([expect.objectContaining({ ready: true })]);
  });
});
