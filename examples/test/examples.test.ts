import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { areFree, emptyFolder, RunningExample } from './running-example.ts';

const clone = path.resolve(import.meta.dirname, '../..');
const fromSource = '--conditions=@hub/source';
const archives = process.env.HUB_TEST_ARCHIVES;
const hasJupyter = existsSync(path.join(clone, '.venv/bin/jupyterhub-singleuser'));

it.skipIf(!hasJupyter)(
  'quick-start: sign in, get a JupyterLab, end with Ctrl-C (needs .venv, which npm start makes)',
  async () => {
    const port = await freePorts();
    const main = path.join(clone, 'packages/cli/src/main.ts');
    const config = path.join(clone, 'examples/quick-start/hub.config.ts');
    await using folder = await emptyFolder();
    await using example = new RunningExample(folder.path, [fromSource, main, 'start', '--config', config], {
      HUB_PORT: String(port),
      HUB_DATA_FOLDER: path.join(folder.path, 'hub-data'),
      HUB_PASSWORD: 'correct horse',
    });
    const browser = await example.opened(`http://127.0.0.1:${port}`);
    await expect.poll(() => example.output, { timeout: 30_000 }).toContain('correct horse');

    const login = await browser.send('POST', '/hub/login', { username: 'ada', password: 'correct horse' });
    expect(login.status, login.body).toBe(302);
    const start = await browser.send('POST', '/hub/api/users/ada/server');
    expect([201, 202], start.body).toContain(start.status);
    const jupyter = async () => (await browser.get('/user/ada/api')).body;
    await expect.poll(jupyter, { timeout: 60_000, interval: 500 }).toContain('"version"');

    expect(await example.end('SIGINT')).toBe(0);
  },
  180_000,
);

const twelveLines = path.join(clone, 'examples/twelve-lines/main.ts');
const ownPorts = await areFree(8000, 8001, 8081);

it.skipIf(!ownPorts)(
  'twelve-lines: opens in a program of its own and ends with it (needs ports 8000, 8001 and 8081)',
  async () => {
    await using folder = await emptyFolder();
    await opensAndEnds(folder.path, [fromSource, twelveLines]);
  },
  120_000,
);

it.skipIf(!ownPorts || !archives)(
  'twelve-lines: opens from the packages as they are published (needs the archives that npm test packs)',
  async () => {
    await using folder = await emptyFolder();
    await copyFile(twelveLines, path.join(folder.path, 'main.ts'));
    await install(folder.path, archives ?? '');
    await opensAndEnds(folder.path, ['main.ts']);
  },
  300_000,
);

it('twelve-lines: is what the README shows', () => {
  const shown = /```ts\n(.*?)```/s.exec(readFileSync(path.join(clone, 'README.md'), 'utf8'))?.[1];
  expect(shown).toBe(readFileSync(path.join(clone, 'examples/twelve-lines/main.ts'), 'utf8'));
});

async function opensAndEnds(folder: string, args: readonly string[]): Promise<void> {
  await using example = new RunningExample(folder, args);
  const browser = await example.opened('http://127.0.0.1:8000');
  const refused = await browser.send('POST', '/hub/login', { username: 'ada', password: 'a guess' });
  expect(refused.status).toBe(403);
  expect(await example.end('SIGINT')).toBe(0);
}

/** Installs every archive of a folder with npm, as a user would install the packages. */
async function install(folder: string, from: string): Promise<void> {
  const files = (await readdir(from)).map((name) => path.join(from, name));
  await writeFile(path.join(folder, 'package.json'), '{ "private": true, "type": "module" }\n');
  await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', ...files], { cwd: folder });
}

/** A port that is free together with those the quick start derives from it. */
async function freePorts(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if (await areFree(port, port + 1, port + 81)) return port;
  }
}
