import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { open, readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import type { ProcessIdentity } from './process-identity.ts';
import { bootId } from './process-identity.ts';
import { allProcesses, hasProc, type ProcessInfo } from './process-table.ts';
import { shareRuns } from './shared-runs.ts';

const run = promisify(execFile);

/** Which launch a process belongs to; every process it starts inherits it. */
export const launchKeyVariable = 'HUB_LAUNCH_KEY';
/** Who launched it, so that two hubs of one machine do not see each other's processes. */
export const launchOwnerVariable = 'HUB_LAUNCH_OWNER';

/** The variables that mark a launch. */
export function launchMarks(key: string, owner: string): Readonly<Record<string, string>> {
  return { [launchKeyVariable]: key, [launchOwnerVariable]: owner };
}

/** An owner's name: one of the things (`id`) that launch from a data folder. */
export function ownerMark(dataFolder: string, id: string): string {
  const digest = createHash('sha256').update(resolve(dataFolder)).digest('hex');
  return `${digest.slice(0, 16)}:${id}`;
}

/** A running process that carries a launch key. */
export interface LaunchedProcess {
  readonly identity: ProcessIdentity;
  readonly info: ProcessInfo;
  readonly key: string;
  /** `''` when it carries none. */
  readonly owner: string;
  /** The account it runs as; null where the system does not tell. */
  readonly uid: number | null;
}

/**
 * All running processes that carry a launch key, of those whose environment this process may read: its own
 * user's, or everybody's as root. Questions asked at the same time share one look.
 */
export const launchedProcesses: () => Promise<readonly LaunchedProcess[]> = shareRuns(scan);

/**
 * The running processes of one launch. With `owner`, of that owner only; with `uid`, of that account only, because
 * anybody can put any key into the environment of their own processes.
 */
export async function findByLaunchKey(
  key: string,
  owner?: string,
  uid?: number,
): Promise<readonly LaunchedProcess[]> {
  const all = await launchedProcesses();
  return all.filter(
    (one) =>
      one.key === key &&
      (owner === undefined || one.owner === owner) &&
      (uid === undefined || one.uid === null || one.uid === uid),
  );
}

/** The keys of all launches of one owner of which something still runs. */
export async function launchKeysOf(owner: string): Promise<readonly string[]> {
  const all = await launchedProcesses();
  return [...new Set(all.filter((one) => one.owner === owner).map((one) => one.key))];
}

async function scan(): Promise<readonly LaunchedProcess[]> {
  const boot = await bootId();
  // The table is read before the environments: should a pid change hands in between, the identity is a dead one.
  const running = (await allProcesses()).filter((info) => !info.zombie);
  const read = hasProc ? environmentFromProc : await environmentsFromPs();
  const found: LaunchedProcess[] = [];
  const queue = running.values();
  // A read waits when the process it asks about is stuck on its memory map: never more than a few at once.
  const reader = async (): Promise<void> => {
    const space = Buffer.alloc(hasProc ? longestEnvironment : 0);
    for (const info of queue) {
      const variables = await read(info.pid, space);
      const key = variables?.(launchKeyVariable);
      if (!key || key.length > longestKey) continue;
      const identity = { pid: info.pid, startTime: info.startTime, bootId: boot };
      const owner = variables?.(launchOwnerVariable) ?? '';
      found.push({ identity, info, key, owner, uid: await uidOf(info.pid) });
    }
  };
  await Promise.all(Array.from({ length: 3 }, reader));
  return found;
}

/** The account a process runs as. The real one: files in `/proc` belong to root when a process may not be dumped. */
export async function uidOf(pid: number): Promise<number | null> {
  if (!hasProc) return null;
  try {
    const [, uid] = /^Uid:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'latin1')) ?? [];
    return uid === undefined ? null : Number(uid);
  } catch {
    return null; // gone meanwhile
  }
}

type Variables = (name: string) => string | undefined;

/** No launch has a longer one; who gives one to a process of theirs gets no more than that into logs. */
const longestKey = 100;

/**
 * Of an environment no more is read. A program begins with a few kilobytes, but may later say that any part of its
 * memory is its environment, gigabytes of it; and who wants to hide a mark can as well take it off.
 */
const longestEnvironment = 1 << 20;

async function environmentFromProc(pid: number, space: Buffer): Promise<Variables | null> {
  let text: string;
  try {
    await using file = await open(`/proc/${pid}/environ`);
    const { bytesRead } = await file.read(space, 0, space.length, 0);
    text = space.toString('utf8', 0, bytesRead);
  } catch {
    // Gone meanwhile, or another user's: neither can be ours to find.
    return null;
  }
  return (name) => {
    const at = `\0${text}`.indexOf(`\0${name}=`);
    if (at < 0) return undefined;
    const end = text.indexOf('\0', at);
    return text.slice(at + name.length + 1, end < 0 ? undefined : end);
  };
}

/** Systems without `/proc`: `ps` prints the environment behind the command. */
export async function environmentsFromPs(): Promise<(pid: number) => Promise<Variables | null>> {
  const { stdout } = await run('ps', ['axeww', '-o', 'pid=,command='], { maxBuffer: 256 << 20 });
  const lines = new Map(stdout.split('\n').map((line) => [Number.parseInt(line, 10), line]));
  return async (pid) => {
    const line = lines.get(pid);
    if (line === undefined) return null;
    return (name) => line.match(new RegExp(`\\s${name}=(\\S*)`))?.[1];
  };
}
