import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Tally } from './tally.mjs';

let lines;
beforeEach(() => {
  lines = [];
  vi.spyOn(console, 'log').mockImplementation((line) => lines.push(line));
  vi.spyOn(console, 'error').mockImplementation(() => {});
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

const last = () => lines.at(-1).trim();
const skip = (reason) => ({ file: 'a.test.ts', test: 'a', reason });

it('ends with one line of sums over checks and suites', async () => {
  vi.stubEnv('CI', '');
  const tally = new Tally();
  await tally.check('Types', async () => {});
  tally.add({ passed: 5, failed: 0, skipped: [] });
  expect(tally.report()).toBe(0);
  expect(last()).toBe('6 passed, 0 failed');
});

it('goes on after a check that fails, and fails in the end', async () => {
  vi.stubEnv('CI', '');
  const tally = new Tally();
  expect(await tally.check('Lint', () => Promise.reject(new Error('no')))).toBe(false);
  expect(await tally.check('Build', async () => {})).toBe(true);
  expect(tally.report()).toBe(1);
  expect(last()).toBe('1 passed, 1 failed');
});

it('says what was left out and why', () => {
  vi.stubEnv('CI', '');
  const tally = new Tally();
  tally.add({ passed: 1, failed: 0, skipped: [skip('needs HUB_TEST_SYSTEM=1')] });
  expect(tally.report()).toBe(0);
  expect(lines).toContain('  needs HUB_TEST_SYSTEM=1: 1 (a.test.ts)');
  expect(last()).toBe('1 passed, 0 failed, 1 skipped');
});

it('takes a skip for a failure in CI, unless the thing does not apply there', () => {
  vi.stubEnv('CI', 'true');
  const tally = new Tally();
  tally.add({ passed: 1, failed: 0, skipped: [skip('not supported: progress'), skip('needs Chromium')] });
  expect(tally.report()).toBe(1);
  expect(last()).toBe('1 passed, 1 failed, 1 skipped');
});
