import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, readlink, rm, rmdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, Logger } from '../../plugin/index.ts';
import { openPrivatePostgres, type PrivatePostgres, type PrivatePostgresOptions } from './index.ts';

export const isRoot = process.getuid?.() === 0;

/** Under root an account every system has stands in for the system user, so that tests create none. */
export const testUser = isRoot ? 'nobody' : undefined;

/** Words that make a command run without root's rights. */
export const unprivileged = isRoot
  ? ['setpriv', '--reuid=nobody', '--regid=nogroup', '--clear-groups', '--']
  : [];

export const realClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal && { signal }),
  every: () => {
    throw new Error('unused');
  },
};

/** A child that holds a server. */
export interface HolderProcess {
  readonly child: ChildProcessWithoutNullStreams;
  /** The next line it says. */
  next(): Promise<Record<string, string | number>>;
}

/** A place for data folders; `clear` ends every server and process that was started in it. */
export async function makeTestPlace() {
  const root = await mkdtemp(join(tmpdir(), 'hub-pg-'));
  await chmod(root, 0o777);
  const children: ChildProcessWithoutNullStreams[] = [];
  const handles: PrivatePostgres[] = [];
  const logged: { level: string; message: string; fields: object }[] = [];
  const at = (level: string) => (fields: object, message: string) =>
    void logged.push({ level, message, fields });
  const log: Logger = {
    trace: at('trace'),
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: () => log,
  };

  return {
    root,
    logged,
    async open(folder: string, more: Partial<PrivatePostgresOptions> = {}): Promise<PrivatePostgres> {
      const options = { folder, postgresUser: testUser, log, clock: realClock, ...more };
      const handle = await openPrivatePostgres(options);
      handles.push(handle);
      return handle;
    },
    /** Starts a process that holds the folder's server. */
    holder(folder: string, how: { unprivileged: boolean }): HolderProcess {
      const script = join(import.meta.dirname, 'test-holder.ts');
      const node = [process.execPath, '--conditions=@hub/source', script, folder];
      const words = how.unprivileged
        ? [...unprivileged, ...node]
        : [...node, ...(testUser ? [testUser] : [])];
      const child = spawn(words[0]!, words.slice(1), {
        env: { PATH: process.env.PATH, HOME: '/nonexistent' },
        cwd: '/',
      });
      children.push(child);
      child.stderr.pipe(process.stderr);
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      return { child, next: async () => JSON.parse((await lines.next()).value ?? '{"error":"ended"}') };
    },
    /** Starts a process of the server's user that has nothing to do with it. */
    stranger(): ChildProcessWithoutNullStreams {
      const words = [...unprivileged, 'sleep', '60'];
      const child = spawn(words[0]!, words.slice(1));
      children.push(child);
      return child;
    },
    async clear(): Promise<void> {
      for (const child of children) child.kill('SIGKILL');
      await Promise.allSettled(handles.map((handle) => handle.close()));
      for (const pid of await serversBelow(root)) process.kill(pid, 'SIGKILL');
      for (let left = 50; left > 0 && (await serversBelow(root)).length > 0; left--) await sleep(20);
      for (const { connection } of handles) await removeSocketFolder(connection.host);
      await rm(root, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** Process id in the folder's lock file. */
export async function serverPid(folder: string): Promise<number> {
  return Number.parseInt(await readFile(join(folder, 'postgres/postmaster.pid'), 'utf8'), 10);
}

/** Processes that work in a folder below `root`: servers and their back ends. */
export async function serversBelow(root: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const places = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')));
  return pids.filter((_, index) => places[index]?.startsWith(`${root}/`)).map(Number);
}

// Of a folder outside the test's own only the names that are known, and never recursively.
async function removeSocketFolder(path: string): Promise<void> {
  if (!/^\/.*\/hub-[A-Za-z0-9]{6}$/.test(path)) return;
  for (const name of ['.s.PGSQL.5432', '.s.PGSQL.5432.lock']) await rm(join(path, name), { force: true });
  await rmdir(path).catch(() => {}); // removed already
}
