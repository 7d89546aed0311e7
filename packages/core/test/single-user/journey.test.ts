import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type TestBrowser, until } from '../../../testing/src/index.ts';
import { runInKernel } from './kernel.ts';
import {
  describeWith,
  openSingleUserHub,
  pathOf,
  patience,
  type SingleUserHub,
  type Venv,
} from './single-user-hub.ts';
import { markingConfig } from './user-config.ts';

const limit = 300_000;

interface Version {
  readonly venv: Venv;
  readonly prefix: string;
  readonly version: RegExp;
}

const versions: readonly Version[] = [
  { venv: '.venv', prefix: '/', version: /^6\.1\./ },
  { venv: '.venv-compat', prefix: '/pre/', version: /^5\./ },
];

for (const { venv, prefix, version } of versions)
  describeWith(venv, `a day with jupyterhub-singleuser ${version.source} below ${prefix}`, () => {
    const page = `${prefix}user/ada/lab`;
    let hub: SingleUserHub;
    let ada: TestBrowser;
    let marks: readonly string[];

    beforeAll(async () => {
      hub = await openSingleUserHub({ venv, prefix });
      ada = hub.browser();
      marks = await markingConfig(path.join(hub.homes, 'ada'));
    }, limit);
    afterAll(() => hub?.[Symbol.asyncDispose](), limit);

    it(
      'leads from the page of the server to the login, and from there to the start',
      async () => {
        const login = await ada.open(`${prefix}hub/spawn/ada?next=${encodeURIComponent(page)}`);
        expect([login.status, pathOf(login)]).toEqual([
          200,
          expect.stringMatching(new RegExp(`^${prefix}hub/login`)),
        ]);
        const next = new URL(login.url).searchParams.get('next') ?? '';
        const pending = await ada.follow(
          await ada.signInByForm({ username: 'ada', password: 'ada' }, { next }),
        );
        expect([pending.status, pathOf(pending)]).toEqual([
          200,
          expect.stringMatching(new RegExp(`^${prefix}hub/spawn-pending/ada`)),
        ]);
        const ended = await until(async () => {
          const phase = await hub.test.phase('ada');
          return phase === 'ready' || phase === 'stopped' ? phase : null;
        }, patience);
        expect(ended).toBe('ready');
        expect((await hub.test.server('ada')).peerVersion).toMatch(version);
      },
      limit,
    );

    it('reads the configuration of its user unless told otherwise (`disableUserConfig`)', () => {
      expect(marks.map((mark) => existsSync(mark))).toEqual([true, true]);
    });

    it(
      'opens JupyterLab by OAuth, and tells it where the hub is (W88)',
      async () => {
        const lab = await ada.open(page);
        expect([lab.status, pathOf(lab)]).toEqual([200, page]);
        expect(lab.headers['x-jupyterhub-version']).toMatch(version);
        const [, config = '{}'] =
          /<script id="jupyter-config-data" type="application\/json">(.*?)<\/script>/s.exec(lab.text) ?? [];
        expect(JSON.parse(config)).toMatchObject({
          baseUrl: `${prefix}user/ada/`,
          hubPrefix: `${prefix}hub/`,
          hubHost: '',
          hubUser: 'ada',
          hubServerName: '',
        });
        expect((await ada.get(page)).status).toBe(200); // by its own cookie now
      },
      limit,
    );

    it(
      'runs a cell over the websocket of the proxy, for a token of the user (W88)',
      async () => {
        const token = await hub.test.tokenOf('ada');
        expect(await runInKernel(`${hub.origin}${prefix}user/ada/`, token, '6 * 7')).toBe('42');
      },
      limit,
    );

    it(
      'lets nobody else in, neither by login nor by token (W83)',
      async () => {
        const eve = await hub.signIn('eve');
        expect((await eve.open(page)).status).toBe(403);
        const token = await hub.test.tokenOf('eve');
        const byToken = await eve.get(`${prefix}user/ada/api/status`, { authorization: `token ${token}` });
        expect(byToken.status).toBe(403);
        const anonymous = await hub.browser().get(`${prefix}user/ada/api/status`, { accept: '*/*' });
        expect(anonymous.status).toBe(403);
      },
      limit,
    );

    it(
      'asks for a login after “Log Out” at the server (W47)',
      async () => {
        const out = await ada.open(`${prefix}user/ada/logout`);
        expect([out.status, pathOf(out)]).toEqual([
          200,
          expect.stringMatching(new RegExp(`^${prefix}hub/login`)),
        ]);
        expect(await ada.userName()).toBeNull();
        const again = await ada.open(page);
        expect([again.status, pathOf(again)]).toEqual([
          200,
          expect.stringMatching(new RegExp(`^${prefix}hub/login`)),
        ]);
      },
      limit,
    );

    it(
      'asks for a login after one at the hub too, though the server keeps a cookie (W46)',
      async () => {
        const next = page;
        const back = await ada.follow(await ada.signInByForm({ username: 'ada', password: 'ada' }, { next }));
        expect([back.status, pathOf(back)]).toEqual([200, page]);
        expect((await ada.get(`${prefix}hub/logout`)).status).toBe(302);
        expect(ada.cookie('jupyterhub-user-ada', page)).toBeDefined();
        expect(pathOf(await ada.open(page))).toMatch(new RegExp(`^${prefix}hub/login`));
      },
      limit,
    );

    it(
      'answers 424 with JSON for a stopped server, and works on after another start (W38, W89, W130)',
      async () => {
        await ada.follow(await ada.signInByForm({ username: 'ada', password: 'ada' }, { next: page }));
        const client = await hub.test.signIn('ada');
        const pid = await hub.pid('ada');
        expect([202, 204]).toContain((await client.stopServer()).status);
        await until(async () => (await hub.test.phase('ada')) === 'stopped', patience);
        expect(() => process.kill(pid, 0)).toThrow('ESRCH');

        const headers = { accept: 'application/json' };
        const status = await until(async () => {
          const answer = await ada.get(`${prefix}user/ada/api/status`, headers);
          return answer.status === 302 ? ada.follow(answer) : answer;
        });
        expect([status.status, status.headers['content-type']]).toEqual([424, 'application/json']);
        expect(JSON.parse(status.text)).toEqual({
          message:
            'JupyterHub server no longer running at /user/ada/api/status. ' +
            `Restart the server at ${hub.origin}${prefix}hub/spawn/ada`,
        });
        expect((await ada.open(page)).status).toBe(424);

        await hub.start('ada');
        const lab = await ada.open(page);
        expect([lab.status, pathOf(lab)]).toEqual([200, page]);
      },
      limit,
    );

    it('wrote no error into its log', async () => {
      const log = await hub.log('ada');
      expect(log).toContain('/user/ada/');
      expect(log.split('\n').filter((line) => /^\[[EC] |Traceback|Exception/.test(line))).toEqual([]);
    });

    it(
      'is known to have ended when its user shuts it down from inside (File → Shut Down)',
      async () => {
        const { token } = await hub.test.signIn('ada');
        const shutdown = await fetch(`${hub.origin}${prefix}user/ada/api/shutdown`, {
          method: 'POST',
          headers: { authorization: `token ${token}` },
        });
        expect(shutdown.status).toBe(200);
        await until(async () => (await hub.test.phase('ada')) === 'stopped', patience);
        expect((await hub.test.server('ada')).failure).toBeNull();
        // The page with its button, as after any stop.
        const gone = await until(async () => {
          const answer = await ada.open(page);
          return answer.status === 503 ? null : answer;
        });
        expect([gone.status, gone.text]).toEqual([424, expect.stringContaining('hub/spawn/ada')]);
      },
      limit,
    );
  });
