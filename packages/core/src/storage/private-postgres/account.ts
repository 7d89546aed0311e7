import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { HubError, isHubError } from '../../plugin/index.ts';
import { exists } from './make-once.ts';

const execute = promisify(execFile);

/** The system user PostgreSQL runs as under a root hub, unless another is named. */
export const defaultPostgresUser = 'hub-postgres';

/** Who runs the server: this process's own user, or, under root, another. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Words before a command that make it run as this account. */
  readonly prefix: readonly string[];
}

/**
 * PostgreSQL refuses root and unknown user ids, so a root hub runs it as a system user, made when missing. A
 * database that exists stays its owner's.
 */
export async function accountFor(dataDirectory: string, postgresUser?: string): Promise<Account> {
  const uid = process.getuid?.() ?? 0;
  const owner = (await exists(dataDirectory)) ? (await stat(dataDirectory)).uid : null;
  if (uid !== 0) {
    if (owner !== null && owner !== uid) throw ownedByAnother(dataDirectory, owner, `user ${uid}`);
    return { name: String(uid), uid, gid: process.getgid?.() ?? 0, prefix: [] };
  }
  const account = await systemAccount(postgresUser ?? (owner || defaultPostgresUser));
  if (owner !== null && owner !== account.uid) throw ownedByAnother(dataDirectory, owner, account.name);
  return account;
}

/** Refuses a folder the account cannot walk to, and says at which of its parents it is stopped. */
export async function assertReachable(account: Account, folder: string): Promise<void> {
  if (account.prefix.length === 0 || (await mayEnter(account, folder))) return;
  let stopped = folder;
  for (let path = folder; path !== dirname(path); path = dirname(path)) {
    if (!(await mayEnter(account, path))) stopped = path;
  }
  throw new HubError(
    'HUB_START_FAILED',
    `PostgreSQL runs as ${account.name}, which cannot reach the data folder ${folder}: it may not pass ${stopped}`,
    {
      hint: `Choose a folder below one all may pass, such as /var/lib/hub, or allow it: chmod o+x ${stopped}`,
    },
  );
}

async function mayEnter({ prefix }: Account, folder: string): Promise<boolean> {
  const [command = '', ...words] = [...prefix, '/bin/sh', '-c', 'test -x "$1"', 'sh', folder];
  try {
    await execute(command, words, { cwd: '/' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 1) return false;
    throw new HubError('HUB_START_FAILED', `Cannot act as PostgreSQL's user with ${command}`, {
      cause: error,
      hint: 'Install util-linux (it brings setpriv), or run the hub as an ordinary user.',
    });
  }
}

async function systemAccount(user: string | number): Promise<Account> {
  const found = (await lookUp(user)) ?? (user === defaultPostgresUser ? await create(user) : null);
  if (!found) {
    throw new HubError('HUB_START_FAILED', `PostgreSQL shall run as ${user}, but there is no such user`, {
      hint: `Create it (useradd --system ${user}), or leave postgresUser out.`,
    });
  }
  if (found.uid === 0) {
    throw new HubError('HUB_START_FAILED', 'PostgreSQL refuses to run as root', {
      hint: 'Let postgresUser name an ordinary system user.',
    });
  }
  return found;
}

async function lookUp(user: string | number): Promise<Account | null> {
  try {
    const ask = async (what: string) => (await execute('id', [what, '--', String(user)])).stdout.trim();
    const [uid = '', gid = '', name = ''] = await Promise.all([ask('-u'), ask('-g'), ask('-nu')]);
    const prefix = ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--init-groups', '--'];
    return { name, uid: Number(uid), gid: Number(gid), prefix };
  } catch {
    return null; // `id` knows no such user
  }
}

async function create(user: string): Promise<Account | null> {
  try {
    await execute('useradd', [
      ...['--system', '--user-group', '--no-create-home', '--home-dir', '/nonexistent'],
      ...['--shell', '/bin/false', '--comment', 'PostgreSQL of the hub', user],
    ]);
  } catch (error) {
    const madeMeanwhile = await lookUp(user); // by another hub
    if (madeMeanwhile) return madeMeanwhile;
    throw new HubError('HUB_START_FAILED', `The system user ${user} for PostgreSQL cannot be created`, {
      cause: isHubError(error) ? error.cause : error,
      hint: `Create it (a system user named ${user}), or name another with postgresUser.`,
    });
  }
  return lookUp(user);
}

function ownedByAnother(dataDirectory: string, owner: number, wanted: string): HubError {
  return new HubError(
    'HUB_START_FAILED',
    `The database in ${dataDirectory} belongs to user id ${owner}, PostgreSQL would run as ${wanted}`,
    {
      hint: 'Run the hub as the owner, or give the folder to the other user with chown -R while no hub runs.',
    },
  );
}
