import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { throttleWaits, waitAfter } from './throttle-waits.ts';

const settings = fc.record({
  firstWait: fc.double({ min: 0.1, max: 1_000, noNaN: true }),
  longestWait: fc.double({ min: 0.1, max: 10_000, noNaN: true }),
});
const free = fc.integer({ min: 1, max: 60 });

describe('W26: waits', () => {
  it('are those an operator expects', () => {
    const waits = throttleWaits({ firstWait: 1, longestWait: 60 });
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60]);
    const after = Array.from({ length: 13 }, (_, failures) => waitAfter(failures, 5, waits));
    expect(after).toEqual([0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60]);
  });

  it('are none where nobody ever waits', () => {
    expect(waitAfter(1_000_000, 0, throttleWaits({ firstWait: 1, longestWait: 60 }))).toBe(0);
  });

  it('grow with the failures, double, and end at the longest', () => {
    fc.assert(
      fc.property(settings, free, fc.integer({ min: 0, max: 200 }), (some, tries, failures) => {
        const waits = throttleWaits(some);
        const wait = waitAfter(failures, tries, waits);
        const next = waitAfter(failures + 1, tries, waits);
        expect(wait).toBeLessThanOrEqual(some.longestWait);
        expect(next).toBeGreaterThanOrEqual(wait);
        expect(next).toBeLessThanOrEqual(Math.max(2 * wait, some.firstWait));
        expect(wait > 0).toBe(failures >= tries);
        expect(waitAfter(tries + waits.length, tries, waits)).toBe(some.longestWait);
      }),
    );
  });
});
