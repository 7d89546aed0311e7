import { execFileSync } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What a process is to a hub. A hub's own helpers count as the hub. */
type Role = 'hub' | 'database' | 'proxy' | 'server';

/** CPU seconds so far, of each role. */
export interface CpuSeconds {
  readonly hub: number;
  /** PostgreSQL with all its back ends, also those that ended. */
  readonly database: number;
  readonly proxy: number;
  /** Children the hub and its helpers have waited for: servers that ended, and whatever was needed to launch them. */
  readonly ended: number;
}

/** Bytes of each role; memory that processes share is split between them (PSS). */
export type MemoryBytes = Readonly<Record<'hub' | 'database' | 'proxy', number>>;

interface Seen {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  readonly role: Role;
  readonly ownSeconds: number;
  readonly endedSeconds: number;
}

interface Place {
  readonly pid: number;
  readonly settings: { readonly folder: string; readonly homes: string };
}

/** Reads the CPU time of a hub and of what belongs to it. */
export async function cpuOf(hub: Place): Promise<CpuSeconds> {
  const seconds = { hub: 0, database: 0, proxy: 0, ended: 0 };
  const all = await processesOf(hub);
  const roles = new Map(all.map(({ pid, role }) => [pid, role]));
  for (const { parent, role, ownSeconds, endedSeconds } of all) {
    if (role === 'server') continue;
    seconds[role] += ownSeconds;
    if (role === 'hub') seconds.ended += endedSeconds;
    // The first process of PostgreSQL waits for its back ends.
    if (role === 'database' && roles.get(parent) !== 'database') seconds.database += endedSeconds;
  }
  return seconds;
}

/** CPU seconds between two readings. */
export function cpuBetween(before: CpuSeconds, after: CpuSeconds): CpuSeconds {
  return {
    hub: after.hub - before.hub,
    database: after.database - before.database,
    proxy: after.proxy - before.proxy,
    ended: after.ended - before.ended,
  };
}

/** Reads the memory of a hub and of what belongs to it. */
export async function memoryOf(hub: Place): Promise<MemoryBytes> {
  const bytes = { hub: 0, database: 0, proxy: 0 };
  for (const { pid, role } of await processesOf(hub)) {
    if (role === 'server') continue;
    const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
    bytes[role] += Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024;
  }
  return bytes;
}

/** Ends everything that runs in a folder below `folder`, after a moment to leave by itself. Answers with names. */
export async function endProcessesBelow(folder: string): Promise<string[]> {
  for (let round = 0; round < 30 && (await pidsBelow(folder)).length > 0; round++) await sleep(100);
  const left = await pidsBelow(folder);
  const names = await Promise.all(left.map(({ pid }) => nameOf(pid)));
  for (let round = 0; round < 20; round++) {
    const pids = await pidsBelow(folder);
    if (pids.length === 0) break;
    for (const { pid } of pids) kill(pid);
    await sleep(50);
  }
  return names;
}

// Every process of a hub works in its folder: that finds those that outlived their parent, too.
async function pidsBelow(folder: string): Promise<{ readonly pid: number; readonly cwd: string }[]> {
  const entries = await readdir('/proc');
  const found = await Promise.all(
    entries
      .filter((entry) => /^\d+$/.test(entry))
      .map(async (entry) => {
        const cwd = await readlink(`/proc/${entry}/cwd`).catch(() => ''); // gone, or somebody else's
        return { pid: Number(entry), cwd };
      }),
  );
  return found.filter(({ cwd }) => cwd === folder || cwd.startsWith(folder + path.sep));
}

async function processesOf(hub: Place): Promise<Seen[]> {
  const pids = await pidsBelow(hub.settings.folder);
  const seen = await Promise.all(pids.map(({ pid, cwd }) => look(hub, pid, cwd)));
  return seen.filter((one) => one !== null);
}

async function look(hub: Place, pid: number, cwd: string): Promise<Seen | null> {
  try {
    const text = await readFile(`/proc/${pid}/stat`, 'utf8');
    // The name stands in brackets and may hold anything; fields after it are counted from the state, the third.
    const close = text.lastIndexOf(')');
    const fields = text.slice(close + 2).split(' ');
    const ticks = (field: number) => Number(fields[field - 3]);
    const name = text.slice(text.indexOf('(') + 1, close);
    const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8');
    return {
      pid,
      parent: ticks(4),
      name,
      role: roleOf({ hub, pid, cwd, name, commandLine }),
      ownSeconds: (ticks(14) + ticks(15)) / ticksPerSecond,
      endedSeconds: (ticks(16) + ticks(17)) / ticksPerSecond,
    };
  } catch {
    return null; // ended while we looked
  }
}

function roleOf(one: { hub: Place; pid: number; cwd: string; name: string; commandLine: string }): Role {
  if (one.pid === one.hub.pid) return 'hub';
  if (one.name === 'postgres') return 'database';
  if (one.commandLine.includes('configurable-http-proxy')) return 'proxy';
  return one.cwd.startsWith(one.hub.settings.homes) ? 'server' : 'hub';
}

async function nameOf(pid: number): Promise<string> {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return `${pid} ${text.replaceAll('\0', ' ').slice(0, 80).trim()}`;
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It went by itself.
  }
}

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
