import {
  chmod,
  lchown,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readFile,
  rename,
  rm,
  rmdir,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HubError } from '../../plugin/index.ts';
import type { Account } from './account.ts';
import { codeOf, type DataFolder } from './data-folder.ts';
import { exists } from './make-once.ts';

/** PostgreSQL names its socket after a port, though it listens on none. */
export const port = 5432;

/** The socket's path in its folder. */
export const socketPath = (folder: string): string => join(folder, `.s.PGSQL.${port}`);

// The system's limit is 107 bytes, on macOS 103, with the names of lock files to spare. postgres.js takes a comma or
// a colon in a host for several hosts, and then never gives up.
const fits = (folder: string) => Buffer.byteLength(socketPath(folder)) <= 90 && !/[,:]/.test(folder);

/** Where the server's socket is or will be: `run` in the data folder, or what a file there names. */
export async function socketFolder(folder: DataFolder): Promise<string | null> {
  if (fits(folder.run)) return folder.run;
  const named = await readFile(folder.runElsewhere, 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  });
  const path = named?.trim() ?? '';
  return ownName.test(path) ? path : null;
}

// What `mkdtemp` makes of `hub-`: no other folder is used, whatever the note says.
const ownName = /^\/.*\/hub-[A-Za-z0-9]{6}$/;

/** Makes the socket folder, 0700 and the account's, if it is not there. */
export async function makeSocketFolder(folder: DataFolder, account: Account): Promise<string> {
  const present = await socketFolder(folder);
  if (present !== null && (await claim(present, account))) return present;
  if (present === folder.run) {
    throw new HubError('HUB_START_FAILED', `${present} is not a folder of ${account.name}'s alone`, {
      hint: 'Remove it while no hub runs; it holds nothing that lasts.',
    });
  }
  return makeElsewhere(folder, account, await exists(folder.runElsewhere));
}

/**
 * Is the folder there (a cleaner of temporary files may have taken it) and nobody else's? One that exists is looked
 * at and never changed: the note that names it may be wrong, and name a folder of the system.
 */
async function claim(path: string, account: Account): Promise<boolean> {
  try {
    await mkdir(path, { mode: 0o700 });
    await give(path, account);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false; // its parent went, as a run folder does at logout
    if (codeOf(error) !== 'EEXIST') throw error;
  }
  const found = await lstat(path);
  return found.isDirectory() && found.uid === account.uid && (found.mode & 0o077) === 0;
}

async function makeElsewhere(folder: DataFolder, account: Account, replace: boolean): Promise<string> {
  const made = await mkdtemp(join(roomyParent(account), 'hub-'));
  await give(made, account);
  const note = `${folder.runElsewhere}.${process.pid}`;
  await writeFile(note, `${made}\n`, { mode: 0o600 });
  try {
    if (replace) await rename(note, folder.runElsewhere);
    else await link(note, folder.runElsewhere);
    return made;
  } catch (error) {
    await rmdir(made);
    const winner = codeOf(error) === 'EEXIST' ? await socketFolder(folder) : null;
    if (winner === null) throw error;
    return winner;
  } finally {
    await rm(note, { force: true });
  }
}

function roomyParent(account: Account): string {
  // Root's own run folder is closed to the server's user.
  const run = account.prefix.length > 0 ? '/run' : process.env.XDG_RUNTIME_DIR;
  const parent = [run, tmpdir(), '/tmp'].find((path) => path && fits(join(path, 'hub-123456')));
  return parent ?? '/tmp';
}

async function give(path: string, account: Account): Promise<void> {
  await chmod(path, 0o700);
  if (account.prefix.length > 0) await lchown(path, account.uid, account.gid);
}
