import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith, openSingleUserHub, pathOf, type SingleUserHub } from './single-user-hub.ts';
import { markingConfig } from './user-config.ts';

const limit = 300_000;

describeWith('.venv', 'settings a server honours', () => {
  let hub: SingleUserHub;
  let marks: readonly string[];

  beforeAll(async () => {
    hub = await openSingleUserHub({
      servers: { named: true },
      spawner: {
        notebookDir: '~/work of {username}',
        defaultUrl: '/lab/tree/welcome.md',
        disableUserConfig: true,
      },
    });
    const home = path.join(hub.homes, 'ada');
    marks = await markingConfig(home);
    await mkdir(path.join(home, 'work of ada'));
    await writeFile(path.join(home, 'work of ada/welcome.md'), '# Welcome');
    await writeFile(path.join(home, 'outside.txt'), '');
  }, limit);
  afterAll(() => hub?.[Symbol.asyncDispose](), limit);

  it(
    'opens `notebookDir`, its name filled in, and `defaultUrl` (JUPYTERHUB_ROOT_DIR, JUPYTERHUB_DEFAULT_URL)',
    async () => {
      await hub.start('ada');
      const ada = await hub.signIn('ada');
      const token = await hub.test.tokenOf('ada');
      const headers = { authorization: `token ${token}` };
      const listed = JSON.parse((await ada.get('/user/ada/api/contents', headers)).text);
      expect(listed.content.map(({ name }: { name: string }) => name)).toEqual(['welcome.md']);
      const landed = await ada.open('/user/ada/');
      expect([landed.status, pathOf(landed)]).toEqual([200, '/user/ada/lab/tree/welcome.md']);
    },
    limit,
  );

  it(
    'leads `user-redirect` to the page of the visitor’s own server (W14)',
    async () => {
      const ada = hub.browser();
      const login = await ada.open('/hub/user-redirect/lab/tree/welcome.md?reset');
      const next = new URL(login.url).searchParams.get('next') ?? '';
      const landed = await ada.follow(await ada.signInByForm({ username: 'ada', password: 'ada' }, { next }));
      expect([landed.status, pathOf(landed)]).toEqual([200, '/user/ada/lab/tree/welcome.md?reset']);
      expect(landed.text).toContain('jupyter-config-data');
    },
    limit,
  );

  it(
    'runs a named server beside the default one, each with cookies and a client of its own (P236, P238)',
    async () => {
      await hub.start('ada', 'gpu');
      const ada = await hub.signIn('ada');
      const named = await ada.open('/user/ada/gpu/lab');
      expect([named.status, pathOf(named)]).toEqual([200, '/user/ada/gpu/lab']);
      expect((await ada.open('/user/ada/lab')).status).toBe(200);
      const cookies = ['jupyterhub-user-ada-gpu', 'jupyterhub-user-ada'];
      expect(cookies.map((name) => ada.cookie(name, '/user/ada/gpu/lab'))).toEqual([
        expect.any(String),
        expect.any(String),
      ]);
      expect(ada.cookie('jupyterhub-user-ada-gpu', '/user/ada/lab')).toBeUndefined();
      expect(await hub.pid('ada', 'gpu')).not.toBe(await hub.pid('ada'));

      const client = await hub.test.signIn('ada');
      await client.stopServer('gpu');
      await hub.test.until(async () => (await hub.test.phase('ada', 'gpu')) === 'stopped', 60);
      expect((await ada.open('/user/ada/lab')).status).toBe(200); // the other runs on
    },
    limit,
  );

  it('has read no configuration of its user with `disableUserConfig`', async () => {
    expect((await hub.environment('ada')).JUPYTERHUB_DISABLE_USER_CONFIG).toBe('1');
    expect(marks.filter((mark) => existsSync(mark))).toEqual([]);
  });
});
