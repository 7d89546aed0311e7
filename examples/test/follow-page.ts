import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect } from 'vitest';
import type { Browser } from './browser.ts';
import { installOffline } from './offline-install.ts';
import type { Page } from './page.ts';
import { areFree, emptyFolder, RunningExample } from './running-example.ts';

/** A hub that somebody has who did all that a page says. */
export interface FollowedPage extends AsyncDisposable {
  readonly browser: Browser;
  readonly hub: RunningExample;
}

const start = 'npx hub start';

/**
 * Does what a page says, in a folder of its own: writes its files, runs its commands, and starts its hub, which is the
 * last of them. Packages come from `archives`, or from the sources when there are none.
 */
export async function followPage(page: Page, archives: string | undefined): Promise<FollowedPage> {
  await using left = new AsyncDisposableStack();
  const folder = left.use(await emptyFolder());
  const commands = path.join(folder.path, 'node_modules/.bin');
  const env = {
    ...process.env,
    PATH: `${commands}:${path.dirname(process.execPath)}:${process.env.PATH}`,
    NODE_OPTIONS: archives === undefined ? '--conditions=@hub/source' : '',
  };
  for (const [name, text] of page.files) await writeFile(path.join(folder.path, name), text);

  expect(page.commands.at(-1)).toBe(start);
  for (const command of page.commands.slice(0, -1)) {
    const [npm, verb, ...names] = command.split(' ');
    if (npm === 'npm' && verb === 'install') {
      const packages = names.filter((name) => !name.startsWith('-'));
      installOffline(folder.path, packages, archives);
      continue;
    }
    const [run, args] = command.startsWith('npx hub ')
      ? [process.execPath, [path.join(commands, 'hub'), ...command.split(' ').slice(2)]]
      : ['sh', ['-c', command]];
    const { stdout, stderr } = await promisify(execFile)(run, args, { cwd: folder.path, env });
    if (command === 'npm test') expect(stdout).toMatch(/^# fail 0$|^ℹ fail 0$/m);
    if (command === 'npx hub check') expect(stderr).toContain('No mistakes found');
  }

  const origin = `http://127.0.0.1:${await freePort()}`;
  const hub = left.use(
    new RunningExample(folder.path, [path.join(commands, 'hub'), 'start'], { ...env, HUB_BIND_URL: origin }),
  );
  const browser = await hub.opened(origin);
  const kept = left.move();
  return { browser, hub, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

async function freePort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if (await areFree(port)) return port;
  }
}
