import { existsSync } from 'node:fs';
import { bootId, identify, isAlive, type ProcessIdentity } from '@hub/posix';

/**
 * Does this process of another user run? By its entry in `/proc`; where that is hidden from the hub, by what a signal
 * would say, and being refused means that it is there (P326).
 */
export async function lives(identity: ProcessIdentity): Promise<boolean> {
  if (await isAlive(identity)) return true;
  return identity.bootId === (await bootId()) && isHidden(identity.pid);
}

/** Names a process that was just launched; null when it is gone already. */
export async function identityOf(pid: number): Promise<ProcessIdentity | null> {
  const identity = await identify(pid);
  if (identity || !isHidden(pid)) return identity;
  return { pid, startTime: '', bootId: await bootId() };
}

function isHidden(pid: number): boolean {
  if (existsSync(`/proc/${pid}`)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
