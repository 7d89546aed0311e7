import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiHub, openApiHub } from '../support/api-hub.ts';

describe('a server in the hands of a hostile user', () => {
  let hub: ApiHub;
  beforeAll(async () => {
    hub = await openApiHub({ servers: { slowStart: 0 } });
  });
  afterAll(() => hub[Symbol.asyncDispose]());

  const becomes = (name: string, phase: string) =>
    hub.hub.until(async () => (await hub.hub.phase(name)) === phase);

  it('fails once, like any other, with NUL in its log and in its last words', async () => {
    const ben = await hub.user('ben');
    hub.hub.engine.plan('ben', {
      exits: { code: 3, reason: 'said \0 and \ud800' },
      tellsExit: true,
      log: 'a\0b\ud800c\n',
    });
    await ben.startServer();
    await becomes('ben', 'stopped');
    expect((await ben.api('GET', '/users/ben/server/log')).text).toBe('a\ufffdb\ufffdc\n');
    expect(hub.hub.engine.launches('ben')).toBe(1);
    const { text } = await ben.api('GET', '/users/ben/server/progress');
    expect(text).toContain('said \ufffd and \ufffd');
  });

  it('puts no secret into the words of its failure, which others read than its owner', async () => {
    const dee = await hub.user('dee');
    const token = Promise.withResolvers<string>();
    hub.hub.engine.plan('dee', {
      log: ({ JUPYTERHUB_API_TOKEN = '' }) => {
        token.resolve(JUPYTERHUB_API_TOKEN);
        return 'up';
      },
      answers: 'never',
    });
    await dee.startServer();
    await hub.hub.until(() => hub.hub.engine.of('dee'));
    await dee.api('GET', '/users/dee/server/log');
    const reason = `cannot run with ${await token.promise}`;
    await hub.hub.engine.crash('dee', { code: 3, reason }, { tell: true });
    await becomes('dee', 'stopped');
    const { text } = await hub.ada.api('GET', '/users/dee/server/progress');
    expect(text).toContain('cannot run with [secret]');
    expect(text).not.toContain(await token.promise);
  });

  it('starts, whatever is told of it meanwhile', async () => {
    const cyd = await hub.user('cyd');
    hub.hub.engine.plan('cyd', { progress: [{ progress: 30, message: 'half \ud800 and NUL \0' }] });
    await cyd.startServer();
    await becomes('cyd', 'ready');
  });

  it('may do with its token what a server needs, and nothing with those of others', async () => {
    const { engine } = hub.hub;
    const [eve, fay] = await Promise.all([hub.user('eve'), hub.user('fay')]);
    for (const user of [eve, fay]) await user.startServer();
    for (const { name } of [eve, fay]) await becomes(name, 'ready');
    const token = engine.of('eve')?.environment.JUPYTERHUB_API_TOKEN ?? '';
    const as = async (method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) =>
      (await hub.hub.request(method, `/hub/api${path}`, { token, body })).status;
    expect(await as('GET', '/user')).toBe(200);
    const about = (name: string) => [
      as('GET', `/users/${name}`),
      as('GET', `/users/${name}/server`),
      as('GET', `/users/${name}/server/log`),
      as('GET', `/users/${name}/server/progress`),
      as('POST', `/users/${name}/server`, {}),
      as('DELETE', `/users/${name}/server`),
      as('POST', `/users/${name}/activity`, { last_activity: '2026-01-01T00:00:00Z' }),
      as('POST', `/users/${name}/tokens`, {}),
    ];
    // There or not, the answers are the same.
    const answers = await Promise.all(about('fay'));
    expect([403, 404]).toEqual(expect.arrayContaining(answers));
    expect(answers).toEqual(await Promise.all(about('nobody-at-all')));
    expect(await as('GET', '/users')).toBe(403);
    expect(await as('POST', '/shutdown', {})).toBe(403);
    expect(engine.of('fay')).toBeDefined();

    await eve.stopServer();
    await becomes('eve', 'stopped');
    expect(await as('GET', '/user')).toBe(403);
  });
});
