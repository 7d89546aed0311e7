import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { run, step } from './steps.mjs';
import { environment, pnpm, root } from './workspace.mjs';

/**
 * Packs every package into `folder` as it would be published.
 * @param {string} folder
 */
export async function packArchives(folder) {
  await step('Packing', () =>
    pnpm(['--recursive', '--filter', './packages/*', 'pack', '--pack-destination', folder]),
  );
}

/**
 * Looks the archives of `folder` over, one test per archive and tool.
 * @param {string} folder
 * @param {import('./tally.mjs').Tally} tally
 */
export async function checkArchives(folder, tally) {
  for (const archive of (await readdir(folder)).sort()) {
    const file = path.join(folder, archive);
    const tool = (name, ...args) => run(name, args, { cwd: root, env: environment() });
    await tally.check(`publint ${archive}`, () => tool('publint', 'run', file, '--strict'));
    await tally.check(`are-the-types-wrong ${archive}`, () =>
      tool('attw', file, '--profile', 'esm-only', '--no-emoji'),
    );
  }
}
