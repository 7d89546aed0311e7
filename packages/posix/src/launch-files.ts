import { closeSync, constants, existsSync, fchmodSync, fchownSync, openSync, writeFileSync } from 'node:fs';
import { mkdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { isLaunchError, launchError } from './launch-error.ts';
import type { RunAs } from './run-as.ts';
import { makeSafeFolder } from './safe-folder.ts';

/** Small secret files for launches, one folder each. */
export interface LaunchFiles {
  /**
   * Writes files (name → text) that the launch's account alone can read, and returns their folder. What an earlier try of
   * the same launch left is replaced. Throws a launch error.
   */
  place(key: string, files: Readonly<Record<string, string>>, as: RunAs | null): Promise<string>;
  /** Takes them away, if there are any. */
  remove(key: string): Promise<void>;
}

/** Where they are kept, and how they are called. */
export interface LaunchFilesOptions {
  /** For the account of this process, in a folder of its own: 0700. */
  readonly ownFolder: string;
  /** For other accounts: a folder that all may pass. */
  readonly sharedFolder: string;
  readonly names: readonly string[];
}

/**
 * Keeps files for launches. Files for another account are its own (0600), and the folder is root's (0711): the account
 * reads them and cannot put a link in the place of one for root to follow.
 */
export function launchFiles({ ownFolder, sharedFolder, names }: LaunchFilesOptions): LaunchFiles {
  const folders = [ownFolder, sharedFolder];

  async function empty(folder: string): Promise<void> {
    for (const name of names) await rm(join(folder, name), { force: true });
    await rmdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }

  return {
    async place(key, files, as) {
      const base = as ? sharedFolder : ownFolder;
      const folder = join(base, key);
      try {
        if (as) makeSafeFolder(base);
        else await mkdir(base, { recursive: true, mode: 0o700 });
        await empty(folder);
        await mkdir(folder, { mode: 0o700 });
        for (const name of names) write(join(folder, name), files[name] ?? '', as);
        if (as) openToPass(folder);
        return folder;
      } catch (error) {
        if (isLaunchError(error)) throw error;
        throw launchError(
          'system',
          folder,
          `Files for a server cannot be written to ${folder}: ${(error as Error).message}`,
          error,
        );
      }
    },
    async remove(key) {
      for (const folder of folders) await empty(join(folder, key));
    },
  };
}

/** A folder for `name` that goes away when the machine is switched off; where there is none, one that stays. */
export function volatileFolder(name: string): string {
  return join(existsSync('/run') ? '/run' : '/var/run', name);
}

function write(path: string, text: string, as: RunAs | null): void {
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const file = openSync(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600);
  try {
    writeFileSync(file, text);
    if (as) fchownSync(file, as.uid, as.gid);
  } finally {
    closeSync(file);
  }
}

function openToPass(folder: string): void {
  const opened = openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    fchmodSync(opened, 0o711);
  } finally {
    closeSync(opened);
  }
}
