import { setTimeout as sleep } from 'node:timers/promises';
import { killFamily } from '../os-helper/kill-family.ts';
import { isAlive, type ProcessIdentity } from '../process-identity.ts';

/** Seconds that the modules of a session have to close it. */
const usualPatience = 15;

/**
 * Waits until the keeper of a PAM session whose process has ended, or never ran, is gone: `closed`. One that is still
 * there after `patience` (15 s) hangs in a module: it is killed with what modules started, and its session stays open
 * (`killed`).
 */
export async function endKeeper(
  keeper: ProcessIdentity,
  { patience = usualPatience, signal }: { patience?: number | undefined; signal?: AbortSignal } = {},
): Promise<'closed' | 'killed'> {
  const end = performance.now() + patience * 1000;
  for (let pause = 5; await isAlive(keeper); pause = Math.min(pause * 1.5, 250)) {
    signal?.throwIfAborted();
    if (performance.now() > end) {
      await killFamily(keeper.pid);
      return 'killed';
    }
    await sleep(pause);
  }
  return 'closed';
}
