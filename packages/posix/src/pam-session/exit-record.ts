import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { ProcessExit } from '../process-exit.ts';
import type { ProcessIdentity } from '../process-identity.ts';

const { O_CREAT, O_NOFOLLOW, O_TRUNC, O_WRONLY } = constants;

/** Records how a process ended, for whoever asks later. The folder must be one that nobody else may change. */
export function recordExit(file: string, identity: ProcessIdentity, exit: ProcessExit): void {
  const record = openSync(file, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
  try {
    writeSync(record, JSON.stringify({ identity, exit }));
  } finally {
    closeSync(record);
  }
}

/** How exactly this process ended, when its keeper recorded it. */
export async function readExit(file: string, identity: ProcessIdentity): Promise<ProcessExit | null> {
  const found = parsed(await readFile(file, 'utf8').catch(() => ''));
  if (!found) return null;
  const { pid, startTime, bootId } = found.identity;
  const same = pid === identity.pid && startTime === identity.startTime && bootId === identity.bootId;
  return same ? found.exit : null;
}

function parsed(text: string): { identity: ProcessIdentity; exit: ProcessExit } | null {
  try {
    return JSON.parse(text);
  } catch {
    return null; // there is none, or the disk was full
  }
}
