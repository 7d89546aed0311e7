import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHub, openApiHub } from '../support/api-hub.ts';

describe('a server that cannot be stopped', () => {
  let hub: ApiHub;
  beforeAll(async () => {
    hub = await openApiHub({ servers: { slowStop: 0.5 }, spawner: { hostBound: true } });
  });
  afterAll(() => hub[Symbol.asyncDispose]());

  async function running(name: string) {
    const user = await hub.user(name);
    await user.startServer();
    await hub.hub.until(async () => (await hub.hub.phase(name)) === 'ready');
    return user;
  }
  const path = (name: string) => `/users/${name}/server`;
  const phase = (name: string) => hub.hub.phase(name);

  it('is given up by an administrator alone, and says that something may still run (design, "A stop that fails")', async () => {
    const ben = await running('ben');
    hub.hub.engine.plan('ben', { failingStops: 1_000 });
    expect((await ben.stopServer()).status).toBe(202);
    await hub.hub.until(async () => (await hub.hub.server('ben')).stopTries > 0);
    expect(await hub.hub.server('ben')).toMatchObject({
      failure: { cause: 'stop-failed', hint: expect.stringMatching(/It is tried again in \d+ s\.$/) },
    });
    expect((await ben.api('DELETE', path('ben'), { force: true })).status).toBe(403);
    expect((await hub.ada.api('DELETE', path('ben'), { force: 'yes' })).status).toBe(400);
    expect((await hub.ada.api('DELETE', path('ben'), { force: true })).status).toBe(204);
    expect(await hub.hub.server('ben')).toMatchObject({
      phase: 'stopped',
      tokenId: null,
      failure: { cause: 'stop-failed', message: expect.stringContaining('Something of it may still run') },
    });
    expect(hub.hub.proxy.routes.has('/user/ben/')).toBe(false);
    expect(await hub.trail('server:ben/')).toContain('server.give-up');
    hub.hub.engine.plan('ben', {});
    expect((await ben.startServer()).status).toBe(201);
    expect(await hub.hub.server('ben')).toMatchObject({ phase: 'ready', attempt: 2, failure: null });
  });

  it('is stopped as usual where that works, whoever insists', async () => {
    await running('cyd');
    expect((await hub.ada.api('DELETE', path('cyd'), { force: true })).status).toBe(204);
    expect(hub.hub.engine.of('cyd')).toBeUndefined();
    expect(await hub.trail('server:cyd/')).not.toContain('server.give-up');
    expect(await hub.hub.server('cyd')).toMatchObject({ phase: 'stopped', failure: null });
  });

  it('because its machine has no hub is shown as unreachable, stays as it is, and can be given up', async () => {
    const dee = await running('dee');
    expect((await dee.server()).json.unreachable).toBeUndefined();
    await hub.sql`UPDATE servers SET host = 'far' WHERE user_id = (SELECT id FROM users WHERE name = 'dee')`;
    expect((await dee.server()).json).toMatchObject({ ready: true, unreachable: true });
    expect((await dee.stopServer()).status).toBe(202);
    expect((await dee.server()).json).toMatchObject({ pending: 'stop', unreachable: true });
    expect(await phase('dee')).toBe('stopping');
    expect((await hub.ada.api('DELETE', path('dee'), { force: true })).status).toBe(204);
    expect(await hub.hub.server('dee')).toMatchObject({
      phase: 'stopped',
      host: null,
      failure: { message: expect.stringContaining('may still run on the machine "far"') },
    });
    expect((await dee.server()).json.unreachable).toBeUndefined();
  });
});
