import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { checkArchives } from './lib/packed.mjs';
import { prepare } from './lib/prepare.mjs';
import { CommandFailed, run } from './lib/steps.mjs';
import { Tally } from './lib/tally.mjs';
import { buildPackages, environment, node, root } from './lib/workspace.mjs';

/** `npm test`: every check there is, on what a fresh clone installs. Resolves to the exit code. */
export async function main(args) {
  await prepare();
  const tally = new Tally();
  const tool = (name, ...more) => run(name, more, { cwd: root, env: environment() });

  await tally.check('Types', () => tool('tsc', '-p', 'tsconfig.json'));
  await tally.check('Lint and format', () => tool('biome', 'check', '.'));
  if (await tally.check('Build', () => buildPackages('publish'))) await checkArchives(tally);
  tally.add(await tests(args));
  return tally.report();
}

/** All vitest suites; `args` narrow them down (`npm test -- packages/core`). */
async function tests(args) {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'hub-results-'));
  const results = path.join(folder, 'results.json');
  const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
  const reporters = ['--reporter=default', `--reporter=${path.join(root, 'scripts/lib/vitest-results.mjs')}`];
  try {
    const env = environment({ HUB_TEST_RESULTS: results });
    await run(node, [vitest, 'run', ...reporters, ...args], { cwd: root, env, show: true }).catch((error) => {
      if (!(error instanceof CommandFailed)) throw error;
      process.stderr.write(`\n${error.message}\n`);
    });
    return JSON.parse(await readFile(results, 'utf8'));
  } catch (error) {
    console.error(`The tests did not come to an end: ${error.message}`);
    return { passed: 0, failed: 1, skipped: [] };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
