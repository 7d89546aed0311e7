import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
} from 'node:fs';
import { dirname, join, parse, sep } from 'node:path';
import { launchError } from './launch-error.ts';
import type { RunAs } from './run-as.ts';

/**
 * Makes a folder that people may pass and only this process's account may change (0711), with all that is missing
 * above it. Throws a launch error unless all folders on the way are safe, see {@link requireSafeFolder}.
 */
export function makeSafeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o711 });
  } catch (cause) {
    throw launchError(
      'system',
      path,
      `The folder ${path} cannot be made: ${(cause as Error).message}`,
      cause,
    );
  }
  requireSafeFolder(path);
}

/**
 * Throws a launch error unless the folder, and all above it, belong to root or this account and are not for others
 * to write to: somebody could put a link in the place of a file there and have root follow it. Folders with the
 * sticky bit, such as `/tmp`, may be above it.
 */
export function requireSafeFolder(path: string): void {
  const whole = realpathSync(path);
  const { root } = parse(whole);
  const me = process.getuid?.() ?? 0;
  let folder = root;
  for (const name of ['', ...whole.slice(root.length).split(sep)]) {
    folder = join(folder, name);
    const { uid, mode } = lstatSync(folder);
    const othersWrite = (mode & 0o022) !== 0 && !(folder !== whole && (mode & 0o1000) !== 0);
    if ((uid === 0 || uid === me) && !othersWrite) continue;
    const why = othersWrite ? 'can be written to by others' : `belongs to uid ${uid}`;
    throw launchError('folder-denied', path, `The folder ${path} is not safe for root: ${folder} ${why}.`);
  }
}

/** Makes a folder (0700) for an account that may not do so itself. The one above must be there and safe. */
export function makeFolderFor({ uid, gid }: Pick<RunAs, 'uid' | 'gid'>, path: string): void {
  requireExisting(dirname(path));
  requireSafeFolder(dirname(path));
  try {
    mkdirSync(path, { mode: 0o700 });
    const folder = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
    try {
      fchownSync(folder, uid, gid);
      fchmodSync(folder, 0o700);
    } finally {
      closeSync(folder);
    }
  } catch (cause) {
    throw launchError(
      'system',
      path,
      `The folder ${path} cannot be made: ${(cause as Error).message}`,
      cause,
    );
  }
}

function requireExisting(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })) return;
  throw launchError('folder-missing', path, `The folder ${path} does not exist.`);
}
