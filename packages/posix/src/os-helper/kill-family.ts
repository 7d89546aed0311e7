import { allProcesses, type ProcessInfo, readProcess } from '../process-table.ts';

/**
 * Kills a process and all that came of it, sessions of their own included: what a PAM module starts leaves the
 * group of its process. The process must be a child of ours, so that its number cannot be a stranger's.
 */
export async function killFamily(pid: number): Promise<void> {
  const descendants = await descendantsOf(pid).catch(() => []);
  // The parent first: it starts no other in the place of one that was killed.
  kill(pid);
  for (const { pid: member, startTime } of descendants) {
    if ((await readProcess(member))?.startTime === startTime) kill(member);
  }
}

async function descendantsOf(pid: number): Promise<readonly ProcessInfo[]> {
  const children = Map.groupBy(await allProcesses(), ({ parent }) => parent);
  const found: ProcessInfo[] = [];
  const parents = [pid];
  // The walk also visits what is added on the way.
  for (const parent of parents) {
    for (const child of children.get(parent) ?? []) {
      found.push(child);
      parents.push(child.pid);
    }
  }
  return found;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It ended meanwhile.
  }
}
