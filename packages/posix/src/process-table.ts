import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import { shareRuns } from './shared-runs.ts';

const run = promisify(execFile);

/** One process as the system's table shows it. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** 0 where the system does not tell. */
  readonly session: number;
  /** It has ended, with all its threads, and only waits to be collected by its parent. */
  readonly zombie: boolean;
  /** When it started, in the system's own unit; only good for comparing. */
  readonly startTime: string;
}

/** Is there a `/proc` like Linux's? Elsewhere `ps` is asked. */
export const hasProc: boolean = process.platform === 'linux';

/** The process with this pid, or null. */
export async function readProcess(pid: number): Promise<ProcessInfo | null> {
  return hasProc ? fromProc(pid) : ((await askPs(['-p', String(pid)]))[0] ?? null);
}

/** All processes. Questions asked at the same time share one look. */
export const allProcesses: () => Promise<readonly ProcessInfo[]> = shareRuns(() =>
  hasProc ? scanProc() : askPs(['-ax']),
);

/** Pids in `/proc`. */
export function procPids(): readonly number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

/** As {@link readProcess}, at once; Linux only. Its answer comes from memory, so waiting for a thread costs more. */
export function fromProc(pid: number): ProcessInfo | null {
  try {
    return parseStat(pid, readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    // ENOENT before, ESRCH while reading: there is no such process.
    return null;
  }
}

async function scanProc(): Promise<readonly ProcessInfo[]> {
  const found: ProcessInfo[] = [];
  for (const [index, pid] of procPids().entries()) {
    // A big machine has tens of thousands of processes; others get their turn in between.
    if (index % 256 === 255) await nextTurn();
    const info = fromProc(pid);
    if (info) found.push(info);
  }
  return found;
}

/** The name of a process stands in parentheses and may itself hold blanks and parentheses: read behind the last. */
function parseStat(pid: number, line: string): ProcessInfo | null {
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const [state, parent, group, session] = fields;
  const [threads, startTime] = [fields[17], fields[19]];
  if (state === undefined || startTime === undefined) return null;
  return {
    pid,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    // A process whose first thread has ended looks the same while others run, and hold its sockets and files.
    zombie: (state === 'Z' && Number(threads) <= 1) || state === 'X',
    startTime,
  };
}

/** Asks `ps`, for systems without `/proc`. */
export async function askPs(which: readonly string[]): Promise<readonly ProcessInfo[]> {
  const args = [...which, '-o', 'pid=,ppid=,pgid=,stat=,lstart='];
  try {
    const { stdout } = await run('ps', args, { env: { ...process.env, LC_ALL: 'C' }, maxBuffer: 64 << 20 });
    return stdout.split('\n').flatMap(parsePsLine);
  } catch (error) {
    // ps says 1 when nothing matches.
    if ((error as { code?: unknown }).code === 1) return [];
    throw error;
  }
}

function parsePsLine(line: string): ProcessInfo[] {
  const [pid, parent, group, state, ...started] = line.trim().split(/\s+/);
  if (!pid || !state || started.length === 0) return [];
  return [
    {
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      session: 0,
      zombie: state.startsWith('Z'),
      startTime: started.join(' '),
    },
  ];
}
