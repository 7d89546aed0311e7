import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { checkArchives, packArchives } from './lib/packed.mjs';
import { prepare } from './lib/prepare.mjs';
import { CommandFailed, run } from './lib/steps.mjs';
import { Tally } from './lib/tally.mjs';
import { buildPackages, environment, node, root } from './lib/workspace.mjs';

/**
 * `npm test`: every check there is, on what a fresh clone installs. Resolves to the exit code.
 * @param {readonly string[]} args narrow the suites down: `npm test -- packages/core`
 */
export async function main(args) {
  const tally = new Tally();
  if (!(await tally.check('Installation', () => prepare({ tests: true })))) return tally.report();

  const work = await mkdtemp(path.join(os.tmpdir(), 'hub-test-'));
  try {
    await checks(tally, path.join(work, 'archives'));
    tally.add(await suites(args, work));
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return tally.report();
}

async function checks(tally, archives) {
  const tool = (name, ...args) => run(name, args, { cwd: root, env: environment() });
  await tally.check('Types', () => tool('tsc', '-p', 'tsconfig.json'));
  await tally.check('Lint and format', () => tool('biome', 'check', '.'));
  if (!(await tally.check('Build', () => buildPackages('publish')))) return;
  await mkdir(archives);
  await packArchives(archives);
  await checkArchives(archives, tally);
}

/** All vitest suites; `work` holds their results, and the archives if these could be made. */
async function suites(args, work) {
  const results = path.join(work, 'results.json');
  const reporters = ['--reporter=default', `--reporter=${path.join(root, 'scripts/lib/vitest-results.mjs')}`];
  const archives = path.join(work, 'archives');
  const env = environment({ HUB_TEST_RESULTS: results, HUB_TEST_ARCHIVES: archives });
  try {
    const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
    await run(node, [vitest, 'run', ...reporters, ...args], { cwd: root, env, show: true });
  } catch (error) {
    if (!(error instanceof CommandFailed)) throw error;
  }
  try {
    return JSON.parse(await readFile(results, 'utf8'));
  } catch (error) {
    console.error(`The suites did not come to an end: ${error.message}`);
    return { passed: 0, failed: 1, skipped: [] };
  }
}
