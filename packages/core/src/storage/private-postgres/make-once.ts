import { access, mkdtemp, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

const abandonedAfterMs = 60 * 60 * 1000;

/**
 * Makes the folder `target` whole or not at all: `build` fills a sibling, which is then renamed into place. Of
 * several makers one wins; the others throw their own away and use the winner's. `proof` is a file that every
 * finished one holds.
 */
export async function makeOnce(
  target: string,
  proof: string,
  build: (sibling: string) => Promise<void>,
): Promise<void> {
  if (await exists(join(target, proof))) return;
  await removeAbandoned(target);
  const sibling = await mkdtemp(`${target}.new-`);
  try {
    await build(sibling);
    await rename(sibling, target).catch(async (error: unknown) => {
      if (!(await exists(join(target, proof)))) throw error;
    });
    await syncFolder(dirname(target));
  } finally {
    await rm(sibling, { recursive: true, force: true });
  }
}

export function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Siblings whose maker was killed. */
async function removeAbandoned(target: string): Promise<void> {
  const parent = dirname(target);
  for (const name of await readdir(parent)) {
    if (!name.startsWith(`${basename(target)}.new-`)) continue;
    const path = join(parent, name);
    const age = await stat(path).then(
      (found) => Date.now() - found.mtimeMs,
      () => 0, // its maker has just renamed or removed it
    );
    if (age > abandonedAfterMs) await rm(path, { recursive: true, force: true });
  }
}

// A rename survives a power cut only once its folder is on the disk.
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
