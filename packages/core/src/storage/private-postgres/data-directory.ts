import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lchown, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { HubError } from '../../plugin/index.ts';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { codeOf, type DataFolder } from './data-folder.ts';
import { makeOnce } from './make-once.ts';

/** The database role of the hub, owner of everything. */
export const roleName = 'hub';

// Inside PostgreSQL's directory, so that database and password come into being by one rename.
const passwordFile = 'hub.password';

/** For about 50 MB. Written to postgresql.conf once: an operator with a larger machine may change them there. */
const initialSettings: Readonly<Record<string, string>> = {
  shared_buffers: '32MB',
  max_connections: '100',
  maintenance_work_mem: '32MB',
  max_wal_size: '512MB',
  // One machine, no replicas: less is written, and fewer processes idle.
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_logical_replication_workers: '0',
  io_method: 'sync',
  jit: 'off',
  // Parallel workers want /dev/shm, of which a container has 64 MB.
  max_parallel_workers_per_gather: '0',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/** Makes the database if there is none, and refuses one that these programs cannot open. */
export async function makeDataDirectory(
  folder: DataFolder,
  binaries: Binaries,
  account: Account,
  unsafeFast: boolean,
): Promise<void> {
  await makeOnce(folder.postgres, 'PG_VERSION', (sibling) =>
    initialise(sibling, binaries, account, unsafeFast),
  );
  const version = Number.parseInt(await readFile(join(folder.postgres, 'PG_VERSION'), 'utf8'), 10);
  if (version === binaries.major) return;
  throw new HubError(
    'HUB_START_FAILED',
    `The database in ${folder.path} was made by PostgreSQL ${version}; this hub brings PostgreSQL ${binaries.major}`,
    {
      hint:
        'With the version of the hub that made it, run `hub db dump <file>`; with this one, ' +
        '`hub db restore <file>` into a new folder.',
    },
  );
}

/** The password of the database role. Throws when the folder holds no database. */
export async function readPassword(folder: DataFolder): Promise<string> {
  const file = await open(join(folder.postgres, passwordFile), constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    return (await file.readFile('utf8')).trim();
  } finally {
    await file.close();
  }
}

async function initialise(
  target: string,
  binaries: Binaries,
  account: Account,
  unsafeFast: boolean,
): Promise<void> {
  const secret = `${target}.password`; // initdb wants its folder empty
  const owner = account.prefix.length > 0 ? account : null;
  await writeSecret(secret, `${randomBytes(24).toString('base64url')}\n`);
  if (owner) {
    await lchown(target, owner.uid, owner.gid);
    await lchown(secret, owner.uid, owner.gid);
  }
  const [command = '', ...words] = [
    ...account.prefix,
    join(binaries.bin, 'initdb'),
    ...[`--pgdata=${target}`, `--username=${roleName}`, `--pwfile=${secret}`, '--auth=scram-sha-256'],
    ...['--locale=C', '--encoding=UTF8', '--no-instructions', ...(unsafeFast ? ['--no-sync'] : [])],
    ...Object.entries(initialSettings).flatMap(([name, value]) => ['--set', `${name}=${value}`]),
  ];
  try {
    await promisify(execFile)(command, words, { cwd: '/', env: serverEnvironment() });
    await rename(secret, join(target, passwordFile));
  } catch (cause) {
    const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim() : '';
    throw new HubError(
      'HUB_START_FAILED',
      `PostgreSQL could not make a database in ${target}: ${lastLine(said)}`,
      {
        cause,
        ...(codeOf(cause) === 'ENOENT' && { hint: 'Install util-linux (it brings setpriv).' }),
      },
    );
  } finally {
    await rm(secret, { force: true });
  }
}

/** Nothing of the hub's own environment: it holds secrets. */
export function serverEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C' };
}

/** The last thing a program said. */
export function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}

async function writeSecret(path: string, text: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
