import { randomUUID } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '@hub/core/plugin';
import { identify, isAlive, type ProcessIdentity } from '@hub/posix';
import type { ApiAccess } from './api-client.ts';

/** A proxy a hub started, as the next hub finds it. The file is 0600: it holds the token. */
export interface ProxyRecord {
  readonly process: ProcessIdentity;
  /** In the environment of everything the proxy's command started. */
  readonly launchKey: string;
  readonly api: ApiAccess;
  readonly command: readonly string[];
  readonly flags: readonly string[];
}

/**
 * The folder that hubs on one machine share about one proxy: `proxy.json`, its log, a lock, and one file for each
 * hub that uses it.
 */
export interface StateFolder {
  readonly path: string;
  readonly logFile: string;
  read(): Promise<ProxyRecord | null>;
  write(record: ProxyRecord): Promise<void>;
  forget(): Promise<void>;
  /** Marks this hub as a user of the proxy; the returned function ends that. */
  join(): Promise<() => Promise<void>>;
  /** Does a living hub, other than those that left, use the proxy? */
  isUsed(): Promise<boolean>;
  /** Runs `work` while no other hub starts or stops this proxy. */
  locked<T>(clock: Clock, signal: AbortSignal, work: () => Promise<T>): Promise<T>;
}

/** Opens the folder, making it when missing. */
export async function openStateFolder(path: string): Promise<StateFolder> {
  const hubs = join(path, 'hubs');
  await mkdir(hubs, { recursive: true, mode: 0o700 });
  const file = join(path, 'proxy.json');
  const lock = join(path, 'lock');

  return {
    path,
    logFile: join(path, 'proxy.log'),
    read: () => readJson<ProxyRecord>(file),
    write: (record) => writeWhole(file, record),
    forget: () => rm(file, { force: true }),
    async join() {
      const mine = join(hubs, `${randomUUID()}.json`);
      await writeWhole(mine, await thisProcess());
      return () => rm(mine, { force: true });
    },
    async isUsed() {
      for (const name of await readdir(hubs)) {
        const one = join(hubs, name);
        const hub = await readJson<ProcessIdentity>(one);
        if (hub && (await isAlive(hub))) return true;
        if (hub) await rm(one, { force: true }); // killed before it could leave
      }
      return false;
    },
    async locked(clock, signal, work) {
      const mine = join(path, `.lock-${randomUUID()}`);
      await writeFile(mine, JSON.stringify(await thisProcess()), { mode: 0o600 });
      try {
        // A link appears whole, with its holder's name in it, or not at all.
        while (!(await tryLink(mine, lock))) {
          await breakStale(lock);
          await clock.sleep(50, signal);
        }
        try {
          return await work();
        } finally {
          await rm(lock, { force: true });
        }
      } finally {
        await rm(mine, { force: true });
      }
    },
  };
}

async function tryLink(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Takes away the lock of a dead hub, by renaming, so that only one does; puts it back if it was a new one. */
async function breakStale(lock: string): Promise<void> {
  const holder = await readJson<ProcessIdentity>(lock);
  if (!holder || (await isAlive(holder))) return;
  const aside = `${lock}-${randomUUID()}`;
  try {
    await rename(lock, aside);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
    throw error;
  }
  const taken = await readJson<ProcessIdentity>(aside);
  if (taken && (await isAlive(taken))) await tryLink(aside, lock);
  await rm(aside, { force: true });
}

async function thisProcess(): Promise<ProcessIdentity> {
  const identity = await identify(process.pid);
  if (!identity) throw new Error('the process table does not show this process');
  return identity;
}

async function writeWhole(path: string, value: object): Promise<void> {
  const part = `${path}.${randomUUID()}.part`;
  await writeFile(part, JSON.stringify(value), { mode: 0o600 });
  await rename(part, path);
}

/** Files in here are written whole by this module, so their shape is known; one that cannot be read is none. */
async function readJson<T>(path: string): Promise<T | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
