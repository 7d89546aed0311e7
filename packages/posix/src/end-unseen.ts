import { setTimeout as sleep } from 'node:timers/promises';
import { exitUnseen, type ProcessExit } from './process-exit.ts';
import { isAlive, type ProcessIdentity } from './process-identity.ts';

/** Milliseconds between two looks. */
const lookEvery = 1_000;

/** Waits for the end of a process that nobody is left to tell of: that it ends is all that is known. */
export async function endUnseen(identity: ProcessIdentity): Promise<ProcessExit> {
  while (await isAlive(identity)) await sleep(lookEvery, undefined, { ref: false });
  return exitUnseen(identity.pid);
}
