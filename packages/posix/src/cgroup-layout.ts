import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What a control group can limit. */
export type GroupController = 'memory' | 'cpu' | 'pids';

const controllers: readonly GroupController[] = ['memory', 'cpu', 'pids'];

/** One tree of control groups this process may make groups in. */
export interface GroupTree {
  readonly version: 1 | 2;
  /** The folder that groups are made in. */
  readonly folder: string;
  /** What groups in it can limit. */
  readonly controllers: ReadonlySet<GroupController>;
  /** A group above that has processes of its own: the kernel lets nothing below it be limited. */
  readonly occupied: string | null;
}

/**
 * The trees of this machine with a group `base` below the root of each, made where it is missing: one of version 2,
 * several of version 1, or both kinds. Trees that are read-only, as in most containers, are left out.
 */
export async function groupTrees(base: string): Promise<readonly GroupTree[]> {
  const mounts = mountsIn(await readFile('/proc/self/mountinfo', 'utf8').catch(() => ''));
  const trees: GroupTree[] = [];
  for (const { version, folder, options } of mounts) {
    const offered = controllers.filter((name) => options.includes(name));
    if (version === 1 && !offered.some((name) => !trees.some((tree) => tree.controllers.has(name)))) continue;
    const made = await makeBase(folder, base, version);
    if (!made) continue;
    const able = version === 1 ? offered : await enabledIn(made.folder);
    trees.push({ ...made, version, controllers: new Set(able) });
  }
  return trees;
}

interface Mount {
  readonly version: 1 | 2;
  readonly folder: string;
  readonly options: readonly string[];
}

function mountsIn(text: string): readonly Mount[] {
  return text.split('\n').flatMap((line): Mount[] => {
    // id parent device root folder options [optional …] - type source options
    const [before = '', after = ''] = line.split(' - ');
    const folder = before.split(' ')[4];
    const [type, , options = ''] = after.split(' ');
    if (!folder || (type !== 'cgroup' && type !== 'cgroup2')) return [];
    return [{ version: type === 'cgroup2' ? 2 : 1, folder, options: options.split(',') }];
  });
}

/** Makes the group and hands it what it can limit, level by level; null where that is not allowed. */
async function makeBase(
  root: string,
  base: string,
  version: GroupTree['version'],
): Promise<Pick<GroupTree, 'folder' | 'occupied'> | null> {
  let folder = root;
  let occupied: string | null = null;
  for (const name of ['', ...base.split('/').filter(Boolean)]) {
    folder = join(folder, name);
    try {
      await mkdir(folder, { mode: 0o755 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return null;
    }
    if (version === 1) continue;
    const type = await typeOf(folder);
    if (type !== null && type !== 'domain') return null;
    if (type !== null && (await hasProcesses(folder))) occupied ??= folder;
    else await handDown(folder);
  }
  return { folder, occupied };
}

/** Of version 2; null at the root of a machine, which alone may have both processes and limited groups. */
async function typeOf(folder: string): Promise<string | null> {
  return await readFile(join(folder, 'cgroup.type'), 'utf8').then(
    (text) => text.trim(),
    () => null,
  );
}

async function hasProcesses(folder: string): Promise<boolean> {
  return (await readFile(join(folder, 'cgroup.procs'), 'utf8').catch(() => '')) !== '';
}

/**
 * Not for a group with processes: the kernel would refuse memory, and for cores and processes make it one of threads,
 * below which no group takes a process.
 */
async function handDown(folder: string): Promise<void> {
  for (const name of controllers) {
    // Refused where the controller is missing.
    await writeFile(join(folder, 'cgroup.subtree_control'), `+${name}`).catch(() => {});
  }
}

async function enabledIn(folder: string): Promise<readonly GroupController[]> {
  const text = await readFile(join(folder, 'cgroup.subtree_control'), 'utf8').catch(() => '');
  const names = text.trim().split(' ');
  return controllers.filter((name) => names.includes(name));
}
