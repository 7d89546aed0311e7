import { existsSync } from 'node:fs';
import { uidOf } from './launch-key.ts';
import { allProcesses, hasProc } from './process-table.ts';

/** Does anything run as this account? Null where the system shows others' processes to nobody (`hidepid`). */
export async function runsAnythingAs(uid: number): Promise<boolean | null> {
  // Process 1 is always there, and never ours.
  if (!hasProc || !existsSync('/proc/1')) return null;
  for (const { pid, zombie } of await allProcesses()) {
    if (!zombie && (await uidOf(pid)) === uid) return true;
  }
  return false;
}
