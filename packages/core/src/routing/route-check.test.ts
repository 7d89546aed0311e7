import { expect, it } from 'vitest';
import { silentLogger } from '../../test/support/silent-logger.ts';
import { type Changes, randomIds, systemClock } from '../kernel/index.ts';
import { createRouteCheck } from './route-check.ts';
import type { Reconciled } from './routes.ts';

const passed = (holder: boolean): Reconciled => ({
  holder,
  added: [],
  replaced: [],
  removed: [],
  doubtful: [],
});

/** A feed that every hub of the test hears. */
function feed(): Changes {
  const listeners = new Set<Parameters<Changes['subscribe']>[1]>();
  return {
    publish(_channel, id) {
      for (const listener of [...listeners]) queueMicrotask(() => listener(id, true));
    },
    subscribe(_channel, listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function hub(changes: Changes, reconcile: () => Promise<Reconciled>, clock = systemClock) {
  const check = createRouteCheck({
    routes: { reconcile },
    changes,
    clock,
    ids: randomIds,
    log: silentLogger,
  });
  check.open();
  return check;
}

it('a hub without the duty asks the one that has it, and only that one works (R112)', async () => {
  const changes = feed();
  const worked: string[] = [];
  const one = hub(changes, async () => {
    worked.push('one');
    return passed(true);
  });
  const two = hub(changes, async () => passed(false));
  await two.check();
  await one.check();
  expect(worked).toEqual(['one', 'one']);
});

it('what the other hub could not do is told as such', async () => {
  const changes = feed();
  hub(changes, async () => Promise.reject(new Error('down')));
  const two = hub(changes, async () => passed(false));
  await expect(two.check()).rejects.toMatchObject({
    status: 503,
    message: expect.stringMatching(/log of the hub/),
  });
});

it('nobody waits for ever for a hub that does not answer', async () => {
  const hurried = { ...systemClock, sleep: async () => undefined };
  const alone = hub(feed(), async () => passed(false), hurried);
  await expect(alone.check()).rejects.toMatchObject({
    status: 503,
    message: expect.stringMatching(/no hub has/),
  });
});

it('a closed one answers no more', async () => {
  const changes = feed();
  let asked = 0;
  const one = hub(changes, async () => {
    asked++;
    return passed(true);
  });
  one.close();
  const hurried = { ...systemClock, sleep: async () => undefined };
  await expect(hub(changes, async () => passed(false), hurried).check()).rejects.toMatchObject({
    status: 503,
  });
  expect(asked).toBe(0);
});
