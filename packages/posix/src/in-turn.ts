import { setImmediate as nextTurn } from 'node:timers/promises';

let last: Promise<unknown> = Promise.resolve();

/**
 * Runs one piece of work after another. For what holds up the whole process for milliseconds, as the launch of a
 * process does: a hundred at once would keep everything else waiting for a second, so all others get their turn
 * in between.
 */
export function inTurn<T>(work: () => Promise<T>): Promise<T> {
  const mine = last.then(() => nextTurn()).then(work);
  last = mine.catch(() => {});
  return mine;
}
