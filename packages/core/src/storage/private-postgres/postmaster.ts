import { execFile } from 'node:child_process';
import { chmod, lchown, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Clock, HubError } from '../../plugin/index.ts';
import { codeOf, type DataFolder } from './data-folder.ts';
import { socketFolder, socketPath } from './socket-folder.ts';

const pidFile = (folder: DataFolder) => join(folder.postgres, 'postmaster.pid');

/** Process id of the folder's living server, whoever started it; null when none lives. */
export async function runningServer(folder: DataFolder): Promise<number | null> {
  const pid = firstLine(await readIfThere(pidFile(folder)));
  return pid !== null && (await servesFolder(pid, folder)) ? pid : null;
}

/**
 * Ends the folder's server: a fast shutdown, and after `patienceMs` an immediate one, which is as safe (the
 * next start replays the log). Resolves when the process is gone.
 */
export async function endServer(
  folder: DataFolder,
  clock: Pick<Clock, 'monotonic' | 'sleep'>,
  patienceMs = 30_000,
): Promise<void> {
  const pid = await runningServer(folder);
  if (pid === null) return;
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    // Asked again before each signal: process ids are used anew.
    if (await servesFolder(pid, folder)) process.kill(pid, signal);
    for (const until = clock.monotonic() + patienceMs; clock.monotonic() < until; await clock.sleep(10)) {
      if (!(await servesFolder(pid, folder))) return;
    }
  }
  throw new HubError('HUB_DATABASE', `PostgreSQL (process ${pid}) in ${folder.path} does not end`);
}

/**
 * After a reboot or in a new container the id in a left-over lock file may belong to another process of the same
 * user; PostgreSQL then believes that a server runs, and refuses for ever. Such an id is replaced by one that no
 * process has; the rest stays, because from it PostgreSQL learns of old back ends that still hold the memory.
 */
export async function disownStrangers(folder: DataFolder): Promise<void> {
  const text = await readIfThere(pidFile(folder));
  const pid = firstLine(text);
  if (text === '') await removeIfOld(pidFile(folder));
  if (text !== null && pid !== null && lives(pid) && !(await servesFolder(pid, folder))) {
    const { mode, uid, gid } = await stat(pidFile(folder));
    const replacement = join(folder.postgres, `postmaster.pid.${process.pid}`);
    await writeFile(replacement, text.replace(/^\d+/, String(noProcess)), { mode: 0o600 });
    await lchown(replacement, uid, gid);
    await chmod(replacement, mode);
    if ((await readIfThere(pidFile(folder))) === text) await rename(replacement, pidFile(folder));
    await rm(replacement, { force: true });
  }
  const sockets = await socketFolder(folder);
  if (sockets === null) return;
  const owner = firstLine(await readIfThere(`${socketPath(sockets)}.lock`));
  if (owner !== null && lives(owner) && !(await servesFolder(owner, folder))) {
    await rm(`${socketPath(sockets)}.lock`, { force: true });
  }
}

// A full disk or a power cut leaves an empty one; a starting server fills its own within a moment.
async function removeIfOld(path: string): Promise<void> {
  const { mtimeMs } = await stat(path);
  if (Date.now() - mtimeMs > 5_000) await rm(path, { force: true });
}

// Above every system's largest process id.
const noProcess = 2_147_483_646;

/** Is this process, alive, the server of this folder, and not one that was given the same id later? */
async function servesFolder(pid: number, folder: DataFolder): Promise<boolean> {
  if (!lives(pid)) return false;
  if (process.platform !== 'linux') {
    const { stdout } = await promisify(execFile)('ps', ['-o', 'command=', '-p', String(pid)]).catch(() => ({
      stdout: '',
    }));
    return stdout.includes(folder.postgres);
  }
  try {
    // A server works in its data directory. A dead one that nobody has waited for has no directory.
    const [its, ours] = await Promise.all([stat(`/proc/${pid}/cwd`), stat(folder.postgres)]);
    return its.ino === ours.ino && its.dev === ours.dev;
  } catch {
    return false; // gone meanwhile, or another user's
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

function firstLine(text: string | null): number | null {
  const pid = Number.parseInt(text ?? '', 10);
  return pid > 0 ? pid : null;
}

function readIfThere(path: string): Promise<string | null> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return null;
    throw error;
  });
}
