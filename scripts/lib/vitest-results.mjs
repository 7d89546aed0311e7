import { writeFileSync } from 'node:fs';
import process from 'node:process';

/**
 * Writes down what vitest's own JSON leaves out: why a test was skipped, and files that broke before a test ran.
 * The reason is the note given to `context.skip`, else the last "(…)" or "[…]" in the names around the test.
 * @implements {import('vitest/node').Reporter}
 */
export default class VitestResults {
  onTestRunEnd(modules, unhandledErrors) {
    const results = { passed: 0, failed: unhandledErrors.length, skipped: [] };
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      for (const test of tests) {
        const { state, note } = test.result();
        if (state === 'passed') results.passed++;
        else if (state === 'failed') results.failed++;
        else
          results.skipped.push({
            file: module.relativeModuleId,
            test: test.fullName,
            reason: note ?? reasonIn(test.fullName),
          });
      }
      const brokenOutside =
        module.state() === 'failed' && !tests.some((test) => test.result().state === 'failed');
      if (brokenOutside) results.failed++;
    }
    writeFileSync(process.env.HUB_TEST_RESULTS, JSON.stringify(results));
  }
}

function reasonIn(name) {
  return [...name.matchAll(/[([]([^()[\]]+)[)\]]/g)].at(-1)?.[1] ?? 'no reason given';
}
