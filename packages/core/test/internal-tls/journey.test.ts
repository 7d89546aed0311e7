import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { TestClient } from '../../../testing/src/index.ts';
import { runInKernel } from '../single-user/kernel.ts';
import {
  describeWith,
  openSingleUserHub,
  patience,
  type SingleUserHub,
  type Venv,
} from '../single-user/single-user-hub.ts';

const limit = 300_000;
const venvs: readonly Venv[] = ['.venv', '.venv-compat'];

for (const venv of venvs)
  describeWith(venv, `a day with internal TLS and the servers of ${venv}`, () => {
    let hub: SingleUserHub;
    let keyFile = '';

    beforeAll(async () => {
      hub = await openSingleUserHub({
        venv,
        internalTls: { enabled: true },
        cryptKeys: ['0'.repeat(64)],
        spawner: { environment: { JUPYTERHUB_ACTIVITY_INTERVAL: '1' } },
      });
      await hub.start('ada');
    }, limit);
    afterAll(() => hub?.[Symbol.asyncDispose](), limit);

    it('gives the server https addresses, and files that it alone can read (W91, W105)', async () => {
      const environment = await hub.environment('ada');
      const addresses = Object.entries(environment).filter(([, value]) => /^https?:/.test(value));
      expect(addresses.map(([name]) => name).toSorted()).toEqual([
        'JUPYTERHUB_ACTIVITY_URL',
        'JUPYTERHUB_API_URL',
        'JUPYTERHUB_SERVICE_URL',
      ]);
      expect(addresses.filter(([, value]) => !value.startsWith('https:'))).toEqual([]);
      keyFile = environment.JUPYTERHUB_SSL_KEYFILE ?? '';
      expect(statSync(keyFile).mode & 0o777).toBe(0o600);
      expect(statSync(path.dirname(keyFile)).mode & 0o777).toBe(0o700);
    });

    it(
      'opens JupyterLab by OAuth and runs a cell, over proxy, server and hub (W102)',
      async () => {
        const ada = await hub.signIn('ada');
        expect((await ada.open('/user/ada/lab')).status).toBe(200);
        const token = await hub.test.tokenOf('ada');
        expect(await runInKernel(`${hub.origin}/user/ada/`, token, '6 * 7')).toBe('42');
      },
      limit,
    );

    it(
      'takes the reports of the server (W86)',
      async () => {
        const { readyAt } = await hub.test.server('ada');
        const headers = { authorization: `token ${await hub.test.tokenOf('ada')}` };
        await hub.test.until(async () => {
          await fetch(`${hub.origin}/user/ada/api/contents`, { headers });
          const { lastActivity } = await hub.test.server('ada');
          return new Date(String(lastActivity)) > new Date(String(readyAt));
        }, patience);
      },
      limit,
    );

    it(
      'takes the files away with the server',
      async () => {
        await new TestClient(hub.origin, 'ada', await hub.test.tokenOf('ada')).stopServer();
        await hub.test.until(async () => (await hub.test.phase('ada')) === 'stopped', patience);
        expect(existsSync(path.dirname(keyFile))).toBe(false);
      },
      limit,
    );
  });
