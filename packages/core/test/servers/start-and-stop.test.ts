import { describe, expect, it } from 'vitest';
import { createTestHub } from '../../../testing/src/index.ts';

describe('a server', () => {
  it('starts, is ready with its route, and stops without leaving anything (R80, R81, R83, R84, P220, P252)', async () => {
    await using hub = await createTestHub();
    const ada = await hub.signIn('ada');
    expect((await ada.startServer()).status).toBe(201);

    const ready = await hub.server('ada');
    expect(ready).toMatchObject({ phase: 'ready', owner: null, attempt: 1, peerVersion: '5.0.0' });
    expect(hub.proxy.targetOf('/user/ada/lab')).toBe(hub.engine.of('ada')?.origin);
    expect((await ada.server()).json).toMatchObject({ ready: true, stopped: false, pending: null });

    const token = hub.engine.of('ada')?.environment.JUPYTERHUB_API_TOKEN ?? '';
    expect((await hub.request('GET', '/hub/api/user', { token })).status).toBe(200);

    expect((await ada.stopServer()).status).toBe(204);
    expect(hub.proxy.targetOf('/user/ada/lab')).toBe(hub.url);
    expect(await hub.server('ada')).toMatchObject({
      phase: 'stopped',
      owner: null,
      state: null,
      target: null,
      tokenId: null,
      oauthClientId: null,
      failure: null,
    });
    expect((await hub.request('GET', '/hub/api/user', { token })).status).toBe(403);
    expect(hub.engine.running).toEqual([]);
    // The route went before the process (P250).
    expect(hub.proxy.story.filter((line) => line.includes('/user/ada/'))).toEqual([
      'add /user/ada/',
      'delete /user/ada/',
    ]);
  });
});
