import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { run, step } from './steps.mjs';
import { environment, pnpm, root } from './workspace.mjs';

/**
 * Packs every package as it would be published and looks the archives over, one test per package and tool.
 * @param {import('./tally.mjs').Tally} tally
 */
export async function checkArchives(tally) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'hub-packed-'));
  try {
    await step('Packing', () =>
      pnpm(['--recursive', '--filter', './packages/*', 'pack', '--pack-destination', folder]),
    );
    for (const archive of (await readdir(folder)).sort()) {
      const file = path.join(folder, archive);
      const tool = (name, ...args) => run(name, args, { cwd: root, env: environment() });
      await tally.check(`publint ${archive}`, () => tool('publint', 'run', file, '--strict'));
      await tally.check(`are-the-types-wrong ${archive}`, () =>
        tool('attw', file, '--profile', 'esm-only', '--no-emoji'),
      );
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
