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
    const inside = await makeBase(folder, base, version === 2);
    if (!inside) continue;
    const able = version === 1 ? offered : await enabledIn(inside);
    trees.push({ version, folder: inside, controllers: new Set(able) });
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
async function makeBase(root: string, base: string, hand: boolean): Promise<string | null> {
  let folder = root;
  for (const name of ['', ...base.split('/').filter(Boolean)]) {
    folder = join(folder, name);
    try {
      await mkdir(folder, { mode: 0o755 });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return null;
    }
    if (hand) await handDown(folder);
  }
  return folder;
}

async function handDown(folder: string): Promise<void> {
  for (const name of controllers) {
    // Refused where the controller is missing, or where processes are in the group itself.
    await writeFile(join(folder, 'cgroup.subtree_control'), `+${name}`).catch(() => {});
  }
}

async function enabledIn(folder: string): Promise<readonly GroupController[]> {
  const text = await readFile(join(folder, 'cgroup.subtree_control'), 'utf8').catch(() => '');
  const names = text.trim().split(' ');
  return controllers.filter((name) => names.includes(name));
}
