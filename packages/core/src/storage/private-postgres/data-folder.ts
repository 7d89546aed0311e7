import { chmod, lchown, mkdir, readdir, realpath, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { HubError, isHubError } from '../../plugin/index.ts';
import type { Account } from './account.ts';
import { exists } from './make-once.ts';

/** Where things lie in a data folder; other files of the hub may lie beside them. */
export interface DataFolder {
  /** Absolute, without symbolic links. */
  readonly path: string;
  /** PostgreSQL's own data directory. */
  readonly postgres: string;
  /** What the server says. */
  readonly log: string;
  /** Socket folder, unless its path is too long. */
  readonly run: string;
  /** Names the socket folder when it is not `run`. */
  readonly runElsewhere: string;
}

/** The layout of a data folder that may not exist. */
export function dataFolder(path: string): DataFolder {
  const at = (name: string) => join(path, name);
  return {
    path,
    postgres: at('postgres'),
    log: at('postgres.log'),
    run: at('run'),
    runElsewhere: at('run-elsewhere'),
  };
}

/** Makes the data folder, 0700, if it is not there; one that exists keeps its mode. */
export async function makeDataFolder(path: string): Promise<DataFolder> {
  const wanted = resolve(path);
  return explained(wanted, async () => {
    if (!(await exists(wanted))) {
      await mkdir(resolve(wanted, '..'), { recursive: true });
      await mkdir(wanted, { mode: 0o700 }).catch((error: unknown) => {
        if (codeOf(error) !== 'EEXIST') throw error; // another hub was first
      });
    }
    return dataFolder(await realpath(wanted));
  });
}

/**
 * Under root the folder stays root's and closed to all others, but PostgreSQL's group may pass through it to its
 * own part. Only a folder that is empty or holds our database is changed; anything else named by mistake is not.
 */
export async function letPass(folder: DataFolder, account: Account): Promise<void> {
  if (account.prefix.length === 0) return;
  const { mode, uid } = await stat(folder.path);
  if ((mode & 0o077) !== 0 || uid === account.uid || folder.path === homedir()) return;
  const ours =
    (await exists(join(folder.postgres, 'PG_VERSION'))) || (await readdir(folder.path)).length === 0;
  if (!ours) return;
  await lchown(folder.path, uid, account.gid);
  await chmod(folder.path, 0o710);
}

/** Turns the disk's refusals into sentences about the data folder. */
export async function explained<T>(folder: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const sentence = sentences[codeOf(error) ?? ''];
    if (sentence === undefined || isHubError(error)) throw error;
    throw new HubError('HUB_START_FAILED', `The data folder ${folder} ${sentence}`, {
      cause: error,
      hint: 'Name another folder with `database: private:<folder>`, or mend this one.',
    });
  }
}

const sentences: Readonly<Record<string, string>> = {
  EROFS: 'lies on a read-only disk',
  EACCES: 'may not be used by this user',
  EPERM: 'may not be used by this user',
  ENOSPC: 'lies on a full disk',
  EDQUOT: 'lies on a disk whose quota is used up',
  ENOTDIR: 'cannot be made: something on its path is not a folder',
};

/** The `code` of a system or database error. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
