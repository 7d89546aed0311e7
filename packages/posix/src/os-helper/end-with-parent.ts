import koffi from 'koffi';

/** Values of Linux's `prctl.h`. */
const deathSignal = 1;
const dumpable = 4;
const sigkill = 9;

/**
 * Ties this process to the one that started it, also while a call keeps it from noticing that the pipe closed, and
 * keeps its memory, where passwords were, out of core dumps and away from other processes of the account.
 */
export function endWithParent(): void {
  const libc = koffi.load(null);
  const prctl: (...args: number[]) => number = libc.func('prctl', 'int', [
    'int',
    'ulong',
    'ulong',
    'ulong',
    'ulong',
  ]);
  const parent = process.ppid;
  prctl(deathSignal, sigkill, 0, 0, 0);
  prctl(dumpable, 0, 0, 0, 0);
  // It may have ended just before.
  if (process.ppid !== parent || !process.connected) process.exit(0);
}
