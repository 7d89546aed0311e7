import process from 'node:process';
import { CommandFailed, step } from './steps.mjs';

/** A skip whose reason begins so may happen in CI too: the thing does not apply there. All others must run. */
const maySkip = /\bnot supported\b|^only (on|as|when)\b/i;

/** Counts what passed, failed and was left out, over all suites. */
export class Tally {
  passed = 0;
  failed = 0;
  skipped = [];
  #failures = [];

  /** Runs one check as a test; the others go on when it fails. Resolves to whether it passed. */
  async check(title, work) {
    try {
      await step(title, work);
      this.passed++;
      return true;
    } catch (error) {
      if (!(error instanceof CommandFailed)) console.error(error);
      else console.error(`${error.message}\n`);
      this.failed++;
      this.#failures.push(title);
      return false;
    }
  }

  /** Adds the results of a suite that counted for itself. */
  add({ passed, failed, skipped }) {
    this.passed += passed;
    this.failed += failed;
    this.skipped.push(...skipped);
    if (failed > 0) this.#failures.push(`${failed} of the tests`);
  }

  /** Says what was left out and why, then the one line with the numbers. Answers with the exit code. */
  report() {
    this.#reportSkipped();
    if (this.#failures.length > 0) console.log(`\nFailed: ${this.#failures.join(', ')}`);
    const skipped = this.skipped.length > 0 ? `, ${this.skipped.length} skipped` : '';
    console.log(`\n${this.passed} passed, ${this.failed} failed${skipped}`);
    return this.failed > 0 ? 1 : 0;
  }

  #reportSkipped() {
    const byReason = groupByReason(this.skipped);
    if (byReason.size > 0) console.log('\nLeft out:');
    for (const [reason, tests] of byReason) {
      console.log(`  ${reason}: ${tests.length} (${[...new Set(tests.map(({ file }) => file))].join(', ')})`);
      if (process.env.CI !== 'true' || maySkip.test(reason)) continue;
      for (const { file, test } of tests) console.log(`    must run in CI: ${file} > ${test}`);
      this.failed += tests.length;
      this.skipped = this.skipped.filter((skip) => skip.reason !== reason);
      this.#failures.push(`${tests.length} skipped in CI: ${reason}`);
    }
  }
}

// Node 20 has no Map.groupBy.
function groupByReason(skips) {
  const groups = new Map();
  for (const skip of skips) groups.set(skip.reason, [...(groups.get(skip.reason) ?? []), skip]);
  return groups;
}
