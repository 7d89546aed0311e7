import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith, openSingleUserHub, pathOf, type SingleUserHub } from './single-user-hub.ts';

const limit = 300_000;

describeWith('.venv-compat', 'Notebook 7 and programs behind a server', () => {
  let hub: SingleUserHub;
  let program: Server;
  let port: number;

  beforeAll(async () => {
    program = createServer((request, response) => {
      response.end(JSON.stringify({ path: request.url, prefix: request.headers['x-forwarded-context'] }));
    });
    await new Promise<void>((resolve) => program.listen(0, '127.0.0.1', resolve));
    ({ port } = program.address() as AddressInfo);
    hub = await openSingleUserHub({ venv: '.venv-compat', spawner: { defaultUrl: '/tree' } });
    await hub.start('ada');
  }, limit);
  afterAll(async () => {
    await hub?.[Symbol.asyncDispose]();
    await new Promise((closed) => program?.close(closed));
  }, limit);

  it(
    'opens the classic notebook at `defaultUrl`',
    async () => {
      const ada = await hub.signIn('ada');
      const tree = await ada.open('/user/ada/');
      expect([tree.status, pathOf(tree)]).toEqual([200, '/user/ada/tree']);
      expect(tree.text).toContain('notebookVersion');
    },
    limit,
  );

  it(
    'reaches a program at a port by jupyter-server-proxy, and nobody else does',
    async () => {
      const ada = await hub.signIn('ada');
      const answer = await ada.open(`/user/ada/proxy/${port}/some/page?x=1`);
      expect(answer.status).toBe(200);
      expect(JSON.parse(answer.text)).toMatchObject({
        path: '/some/page?x=1',
        prefix: `/user/ada/proxy/${port}`,
      });
      const eve = await hub.signIn('eve');
      expect((await eve.open(`/user/ada/proxy/${port}/`)).status).toBe(403);
      const anonymous = await hub.browser().open(`/user/ada/proxy/${port}/`);
      expect(pathOf(anonymous)).toMatch(/^\/hub\/login/);
    },
    limit,
  );

  it(
    'tells that nothing listens at a port, by itself and not by the hub',
    async () => {
      const ada = await hub.signIn('ada');
      await ada.open('/user/ada/tree');
      const answer = await ada.get('/user/ada/proxy/1/');
      expect([answer.status, answer.headers['x-jupyterhub-version']]).toEqual([
        500,
        expect.stringMatching(/^5\./),
      ]);
    },
    limit,
  );
});
