import { afterEach, expect, it, vi } from 'vitest';
import { createTestHub, type TestHub } from '../../../testing/src/index.ts';
import { Database } from '../../src/storage/database.ts';

const hubs: TestHub[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(hubs.splice(0).map((hub) => hub[Symbol.asyncDispose]()));
});

/** Beginning and end of a transaction, which `run` does not see. */
const aroundTransaction = 2;
/** What a hub asks each second whatever goes on; on a busy machine a start takes several. */
const eachSecond = 12;

/** Statements on the pool while `work` goes on, without those of the whole seconds it took. */
async function statementsOf(work: () => Promise<unknown>): Promise<number> {
  const run = vi.spyOn(Database.prototype, 'run');
  const transaction = vi.spyOn(Database.prototype, 'transaction');
  const began = performance.now();
  await work();
  const seconds = Math.floor((performance.now() - began) / 1000);
  const count = run.mock.calls.length + aroundTransaction * transaction.mock.calls.length;
  run.mockRestore();
  transaction.mockRestore();
  return count - eachSecond * seconds;
}

// Each costs hub and database a good part of a millisecond. Who needs more has a reason, and raises the number.
it('a start takes at most 37 statements, and a stop 22', async () => {
  const hub = await createTestHub();
  hubs.push(hub);
  const ada = await hub.signIn('ada');
  const starts: number[] = [];
  const stops: number[] = [];
  for (let round = 0; round < 8; round++) {
    starts.push(await statementsOf(() => ada.startServer()));
    expect(await hub.phase('ada')).toBe('ready');
    stops.push(await statementsOf(() => ada.stopServer()));
    expect(await hub.phase('ada')).toBe('stopped');
  }
  // The smallest: one between two looks around.
  expect(Math.min(...starts)).toBeLessThanOrEqual(37);
  expect(Math.min(...stops)).toBeLessThanOrEqual(22);
}, 120_000);
