import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type GroupController, type GroupTree, groupTrees } from './cgroup-layout.ts';
import { identify, type ProcessIdentity } from './process-identity.ts';

/** What the processes of one launch may use together. */
export interface GroupLimits {
  /** Bytes, swap included. */
  readonly memory?: number | undefined;
  /** Cores. */
  readonly cpus?: number | undefined;
  /** Processes and threads. */
  readonly processes?: number | undefined;
}

/** Control groups of the kernel: one for each launch, named by its key. A process cannot leave its group. */
export interface ControlGroups {
  /** Limits that are kept on this machine. */
  readonly keeps: ReadonlySet<keyof GroupLimits>;
  /** A group above that has processes of its own, so that none of its can be limited (version 2). */
  readonly occupied: string | null;
  /** Puts a process, and with it all it will start, into the group of that name, and limits it. */
  enter(name: string, pid: number, limits: GroupLimits): Promise<void>;
  /** What runs in the group; nothing when there is none. */
  members(name: string): Promise<readonly ProcessIdentity[]>;
  /** How many of its processes were killed because the group had no more memory. */
  memoryKills(name: string): Promise<number>;
  /** Kills all that runs in the group, however fast it multiplies, and removes the group. Rejects when that fails. */
  remove(name: string): Promise<void>;
}

/**
 * Looks for control groups, of version 2 or 1, that this process may make below `base` (`hub` makes
 * `/sys/fs/cgroup/hub`); null when there are none, as without root and in most containers.
 */
export async function openControlGroups(base: string): Promise<ControlGroups | null> {
  const trees = await groupTrees(base);
  if (trees.length === 0) return null;
  const keeps = (controller: GroupController) => trees.some((tree) => tree.controllers.has(controller));
  const names = { memory: keeps('memory'), cpus: keeps('cpu'), processes: keeps('pids') };
  // All trees hold the same; that of version 2 can kill.
  const [main] = trees.toSorted((a, b) => b.version - a.version);

  return {
    keeps: new Set((Object.keys(names) as (keyof GroupLimits)[]).filter((name) => names[name])),
    occupied: trees.find(({ occupied }) => occupied !== null)?.occupied ?? null,
    async enter(name, pid, limits) {
      for (const tree of trees) await enterTree(tree, name, pid, limits);
    },
    members: async (name) => (main ? await membersOf(join(main.folder, name)) : []),
    async memoryKills(name) {
      const tree = trees.find(({ controllers }) => controllers.has('memory'));
      return tree ? await killsIn(join(tree.folder, name), tree.version) : 0;
    },
    async remove(name) {
      if (main) await killAll(main, name);
      for (const { folder } of trees) await removeFolder(join(folder, name));
    },
  };
}

async function enterTree(tree: GroupTree, name: string, pid: number, limits: GroupLimits): Promise<void> {
  const folder = join(tree.folder, name);
  await mkdir(folder, { recursive: true, mode: 0o755 });
  for (const [file, value, needed] of filesFor(tree, limits)) {
    try {
      await writeFile(join(folder, file), value, { flag: 'r+' });
    } catch (error) {
      // Kernels without swap accounting lack its file.
      if (needed) throw error;
    }
  }
  await writeFile(join(folder, 'cgroup.procs'), String(pid), { flag: 'r+' });
}

type Setting = readonly [file: string, value: string, needed: boolean];

/** Microseconds; what a group may use in this time is its number of cores. */
const period = 100_000;

function filesFor(
  { version, controllers }: GroupTree,
  { memory, cpus, processes }: GroupLimits,
): readonly Setting[] {
  const settings: Setting[] = [];
  const bytes = memory === undefined ? null : String(Math.floor(memory));
  if (bytes !== null && controllers.has('memory')) {
    if (version === 2) settings.push(['memory.max', bytes, true], ['memory.swap.max', '0', false]);
    else settings.push(['memory.limit_in_bytes', bytes, true], ['memory.memsw.limit_in_bytes', bytes, false]);
  }
  if (cpus !== undefined && controllers.has('cpu')) {
    // The kernel takes no less than a millisecond.
    const quota = Math.max(1000, Math.round(cpus * period));
    if (version === 2) settings.push(['cpu.max', `${quota} ${period}`, true]);
    else
      settings.push(['cpu.cfs_period_us', String(period), true], ['cpu.cfs_quota_us', String(quota), true]);
  }
  if (processes !== undefined && controllers.has('pids'))
    settings.push(['pids.max', String(processes), true]);
  return settings;
}

async function membersOf(folder: string): Promise<readonly ProcessIdentity[]> {
  const found = await Promise.all((await pidsIn(folder)).map(identify));
  return found.filter((one) => one !== null);
}

async function killsIn(folder: string, version: GroupTree['version']): Promise<number> {
  const file = version === 2 ? 'memory.events' : 'memory.oom_control';
  const text = await readFile(join(folder, file), 'utf8').catch(() => '');
  return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
}

async function pidsIn(folder: string): Promise<readonly number[]> {
  const text = await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '');
  // 0 stands for a process that this pid namespace does not show.
  return text
    .split('\n')
    .map(Number)
    .filter((pid) => pid > 0);
}

/** Rounds of killing one by one, where the kernel cannot kill a group at once. */
const mostRounds = 200;

async function killAll({ version, folder: base }: GroupTree, name: string): Promise<void> {
  const folder = join(base, name);
  if (version === 2) await writeFile(join(folder, 'cgroup.kill'), '1', { flag: 'r+' }).catch(() => {});
  for (let round = 0; round < mostRounds; round += 1) {
    const left = await membersOf(folder);
    if (left.length === 0) return;
    for (const { pid } of left) kill(pid);
    await sleep(10);
  }
  throw new Error(`Still running in ${folder} after SIGKILL.`);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone meanwhile.
  }
}

/** Waits a moment for what was killed to leave the group. An empty group that stays harms nobody. */
async function removeFolder(folder: string): Promise<void> {
  for (let left = 40; left > 0; left -= 1) {
    try {
      return await rmdir(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EBUSY') return;
      await sleep(25);
    }
  }
}
