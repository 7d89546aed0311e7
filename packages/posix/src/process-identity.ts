import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { hasProc, readProcess } from './process-table.ts';

const run = promisify(execFile);

/** Names one process for ever: a pid alone is given to another one day (P306). Plain data, to be stored. */
export interface ProcessIdentity {
  readonly pid: number;
  /** In the system's own unit; only good for comparing. */
  readonly startTime: string;
  /** Which run of the machine: start times count from boot. */
  readonly bootId: string;
}

let known: Promise<string> | null = null;

/** The id of this run of the machine. */
export function bootId(): Promise<string> {
  known ??= readBootId();
  return known;
}

/** The identity of the process with this pid now, or null when there is none or it is a zombie. */
export async function identify(pid: number): Promise<ProcessIdentity | null> {
  const info = await readProcess(pid);
  if (!info || info.zombie) return null;
  return { pid, startTime: info.startTime, bootId: await bootId() };
}

/** Does exactly this process still run? A zombie is dead, and so is what ran before the machine was restarted. */
export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  if (identity.bootId !== (await bootId())) return false;
  const info = await readProcess(identity.pid);
  return info !== null && !info.zombie && info.startTime === identity.startTime;
}

async function readBootId(): Promise<string> {
  if (hasProc) return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const { stdout } = await run('sysctl', ['-n', 'kern.bootsessionuuid']);
  return stdout.trim();
}
