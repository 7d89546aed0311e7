import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestHub, type TestHub } from '../../../testing/src/index.ts';

describe('the story of a start', () => {
  let hub: TestHub;
  beforeAll(async () => {
    hub = await createTestHub({ servers: { slowStart: 0 } });
  });
  afterAll(() => hub[Symbol.asyncDispose]());

  it('is told whole to everybody, however late, and ends with one final event (R86, R88, R89, P210)', async () => {
    const go = Promise.withResolvers<void>();
    hub.engine.plan('ada', {
      progress: [
        { progress: 10, message: 'pulling', ready: true, failed: true },
        { message: 'pulled', image: 'lab' },
      ],
      beforeSave: go.promise,
    });
    const ada = await hub.signIn('ada');
    expect((await ada.startServer()).status).toBe(202);
    const early = ada.progress();
    await new Promise((resolve) => setTimeout(resolve, 600));
    const late = ada.progress();
    await new Promise((resolve) => setTimeout(resolve, 300));
    go.resolve();
    const stories = await Promise.all([early, late]);
    for (const { events, text, status } of stories) {
      expect(status).toBe(200);
      expect(text.startsWith('\n\n')).toBe(true); // the keep-alive at once
      expect(events).toEqual([
        { progress: 0, message: 'Server requested' },
        { progress: 10, message: 'pulling' }, // `ready` and `failed` are the hub's to say
        { message: 'pulled', image: 'lab' },
        {
          progress: 100,
          ready: true,
          message: 'Server ready at /user/ada/',
          html_message: 'Server ready at <a href="/user/ada/">/user/ada/</a>',
          url: '/user/ada/',
        },
      ]);
    }
    const after = await ada.progress();
    expect(after.events).toEqual([expect.objectContaining({ ready: true })]);
    expect(after.text.startsWith('data: ')).toBe(true); // nothing before it (R86)
  });

  it('holds what was told in its last moment before the end (R88)', async () => {
    hub.engine.plan('hasty', { progress: [{ progress: 50, message: 'nearly' }] });
    const user = await hub.signIn('hasty');
    await user.startServer();
    const { events } = await user.progress();
    expect(events.map(({ message }) => message)).toEqual([
      'Server requested',
      'nearly',
      'Server ready at /user/hasty/',
    ]);
  });

  it('of a start that fails ends after its last words (R90)', async () => {
    const go = Promise.withResolvers<void>();
    hub.engine.plan('sad', { beforeSave: go.promise, lastWords: 'no room left', fails: new Error('full') });
    const user = await hub.signIn('sad');
    await user.startServer();
    const story = user.progress();
    await new Promise((resolve) => setTimeout(resolve, 200));
    go.resolve();
    const { events } = await story;
    expect(events.map(({ message }) => message)).toEqual([
      'Server requested',
      'no room left',
      'Spawn failed: Something went wrong while the server was started.',
    ]);
  });

  it('is cut at 500 events and 16 kB each (design, "Bounds")', async () => {
    const go = Promise.withResolvers<void>();
    const many = Array.from({ length: 700 }, (_, index) => ({ message: `step ${index}` }));
    hub.engine.plan('chatty', {
      progress: [{ message: 'x'.repeat(20_000) }, ...many],
      beforeSave: go.promise,
    });
    const user = await hub.signIn('chatty');
    await user.startServer();
    const story = user.progress();
    await new Promise((resolve) => setTimeout(resolve, 500));
    go.resolve();
    const { events } = await story;
    expect(events.length).toBeLessThanOrEqual(501);
    expect(events.length).toBeGreaterThan(480);
    expect(events.some(({ message }) => String(message).startsWith('xxx'))).toBe(false);
  });

  it('is not there for a server that never started, nor for one nobody has (R91)', async () => {
    const user = await hub.signIn('idle');
    expect((await user.progress()).status).toBe(404);
    await user.startServer();
    await hub.until(async () => (await hub.phase('idle')) === 'ready');
    await user.stopServer();
    await hub.until(async () => (await hub.phase('idle')) === 'stopped');
    expect((await user.progress()).status).toBe(400);
    expect((await user.progress('nothing')).status).toBe(404);
    expect((await user.api('GET', '/users/nobody/server/progress')).status).toBe(404);
  });

  it('is for a page of the hub alone: a script brings the token in the address, for it can set no header (R87)', async () => {
    const browser = hub.browser();
    await browser.signInByForm({ username: 'paged', password: 'paged' });
    await (await hub.signIn('paged')).startServer();
    const path = '/hub/api/users/paged/server/progress';
    const byScript = { 'sec-fetch-mode': 'cors', 'sec-fetch-site': 'same-origin' };
    expect((await browser.get(path, byScript)).status).toBe(403);
    const token = encodeURIComponent(browser.cookie('_xsrf', '/hub/') ?? '');
    const { status, headers, text } = await browser.get(`${path}?_xsrf=${token}`, byScript);
    expect([status, headers['content-type']]).toEqual([200, 'text/event-stream']);
    expect(text).toContain('"ready":true');
  });

  it('sends a blank line while nothing happens (R86)', { timeout: 30_000 }, async () => {
    const go = Promise.withResolvers<void>();
    hub.engine.plan('silent', { beforeSave: go.promise });
    const user = await hub.signIn('silent');
    await user.startServer();
    const story = user.progress();
    await new Promise((resolve) => setTimeout(resolve, 8_500));
    go.resolve();
    const { text } = await story;
    expect(text).toMatch(/^\n\ndata: \{[^\n]*\}\n\n\n\ndata: /);
  });
});
