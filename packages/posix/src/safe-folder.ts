import {
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  lstatSync,
  mkdirSync,
  openSync,
  readlinkSync,
  realpathSync,
} from 'node:fs';
import { dirname, isAbsolute, join, parse, resolve, sep } from 'node:path';
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
 * Throws a launch error unless the folder, and all on the way to it, belong to root or this account and are not for
 * others to write to: somebody could put a link in the place of a file there and have root follow it. Links count as
 * what they are: whoever owns one, or the folder it lies in, says where it leads. Folders with the sticky bit, such as
 * `/tmp`, may be above it.
 */
export function requireSafeFolder(path: string): void {
  const whole = realpathSync(path); // links in a circle end here
  const { root } = parse(whole);
  const me = process.getuid?.() ?? 0;
  const unsafe = (place: string, why: string) =>
    launchError('folder-denied', path, `The folder ${path} is not safe for root: ${place} ${why}.`);

  const ahead = ['', ...namesIn(resolve(path).slice(root.length))];
  let folder = root;
  for (let name = ahead.shift(); name !== undefined; name = ahead.shift()) {
    const place = join(folder, name);
    const facts = lstatSync(place);
    if (facts.uid !== 0 && facts.uid !== me) throw unsafe(place, `belongs to uid ${facts.uid}`);
    if (facts.isSymbolicLink()) {
      const target = readlinkSync(place);
      if (isAbsolute(target)) folder = root;
      ahead.unshift(...namesIn(target));
      continue;
    }
    const mayBeSticky = place !== whole && (facts.mode & 0o1000) !== 0;
    if ((facts.mode & 0o022) !== 0 && !mayBeSticky) throw unsafe(place, 'can be written to by others');
    folder = place;
  }
}

function namesIn(path: string): readonly string[] {
  return path.split(sep).filter((name) => name !== '');
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
