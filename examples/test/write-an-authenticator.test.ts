import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { installOffline } from './offline-install.ts';
import { readPage } from './page.ts';
import { areFree, emptyFolder, RunningExample } from './running-example.ts';

const page = readPage(path.resolve(import.meta.dirname, '../../docs/how-to/write-an-authenticator.md'));
const archives = process.env.HUB_TEST_ARCHIVES;
const start = 'npx hub start';

describe('"Write your own authenticator", followed to the letter', () => {
  it('lets its user in, from the sources', () => follow(undefined), 180_000);

  it.skipIf(!archives)(
    'lets its user in, from the packages as they are published (needs the archives that npm test packs)',
    () => follow(archives),
    180_000,
  );
});

async function follow(from: string | undefined): Promise<void> {
  await using folder = await emptyFolder();
  const commands = path.join(folder.path, 'node_modules/.bin');
  const env = {
    ...process.env,
    PATH: `${commands}:${path.dirname(process.execPath)}:${process.env.PATH}`,
    NODE_OPTIONS: from === undefined ? '--conditions=@hub/source' : '',
  };
  for (const [name, text] of page.files) await writeFile(path.join(folder.path, name), text);

  expect(page.commands.at(-1)).toBe(start);
  for (const command of page.commands.slice(0, -1)) {
    const [npm, verb, ...names] = command.split(' ');
    if (npm === 'npm' && verb === 'install') {
      const packages = names.filter((name) => !name.startsWith('-'));
      installOffline(folder.path, packages, from);
      continue;
    }
    const [run, args] = command.startsWith('npx hub ')
      ? [process.execPath, [path.join(commands, 'hub'), ...command.split(' ').slice(2)]]
      : ['sh', ['-c', command]];
    const { stdout, stderr } = await promisify(execFile)(run, args, { cwd: folder.path, env });
    if (command === 'npm test') expect(stdout).toMatch(/^# fail 0$|^ℹ fail 0$/m);
    if (command === 'npx hub check') expect(stderr).toContain('No mistakes found');
  }

  const [, name = '', password = ''] =
    page.commands
      .map((command) => /^node add-person\.ts \S+ (\S+) '(.+)' staff$/.exec(command))
      .find(Boolean) ?? [];
  const origin = `http://127.0.0.1:${await freePort()}`;
  await using hub = new RunningExample(folder.path, [path.join(commands, 'hub'), 'start'], {
    ...env,
    HUB_BIND_URL: origin,
  });
  const browser = await hub.opened(origin);
  expect((await browser.get('/hub/login')).body).toContain('Members of the class');
  expect((await browser.send('POST', '/hub/login', { username: name, password: 'a guess' })).status).toBe(
    403,
  );
  expect((await browser.send('POST', '/hub/login', { username: name, password })).status).toBe(302);
  const user: unknown = JSON.parse((await browser.send('GET', '/hub/api/user')).body);
  expect(user).toMatchObject({ name: 'ada', admin: true, groups: ['staff'] });
  expect(await hub.end('SIGINT')).toBe(0);
}

async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if (await areFree(port)) return port;
  }
}
