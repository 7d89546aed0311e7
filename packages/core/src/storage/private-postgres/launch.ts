import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HubError } from '../../plugin/index.ts';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { serverEnvironment } from './data-directory.ts';
import type { DataFolder } from './data-folder.ts';
import { port } from './socket-folder.ts';

/** A server process this process started. */
export interface Launched {
  readonly pid: number | undefined;
  /** What it said, once it has ended; null while it lives. */
  ended(): Promise<string | null>;
}

const largestLog = 10 * 1024 * 1024;

/**
 * Starts the server in a session of its own, so that it outlives this process and no Ctrl-C reaches it. Whether
 * it may run, `postmaster.pid` decides: the loser of a race ends at once.
 */
export async function launch(
  folder: DataFolder,
  sockets: string,
  binaries: Binaries,
  account: Account,
  unsafeFast: boolean,
): Promise<Launched> {
  await turnLog(folder.log);
  const { O_APPEND, O_CREAT, O_NOFOLLOW, O_RDWR } = constants;
  const log = await open(folder.log, O_APPEND | O_CREAT | O_NOFOLLOW | O_RDWR, 0o600);
  try {
    const from = (await log.stat()).size;
    const [command = '', ...words] = [
      ...account.prefix,
      join(binaries.bin, 'postgres'),
      '-D',
      folder.postgres,
    ];
    const child = spawn(command, [...words, ...settings(sockets, unsafeFast)], {
      cwd: '/',
      env: serverEnvironment(),
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    child.unref();
    let failure: Error | null = null;
    child.on('error', (error) => {
      failure = error;
    });
    return {
      pid: child.pid,
      async ended() {
        if (failure) throw new HubError('HUB_START_FAILED', `${command} cannot be run`, { cause: failure });
        return child.exitCode === null && child.signalCode === null ? null : tail(folder.log, from);
      },
    };
  } finally {
    await log.close();
  }
}

/** What must hold whatever postgresql.conf says; the command line has the last word. */
function settings(sockets: string, unsafeFast: boolean): string[] {
  const values: Readonly<Record<string, string | number>> = {
    listen_addresses: '',
    port,
    // A list; quoted, so that a comma or a space in the path is one.
    unix_socket_directories: `"${sockets.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
    fsync: unsafeFast ? 'off' : 'on',
    ...(unsafeFast && { synchronous_commit: 'off', full_page_writes: 'off' }),
    // What people stored does not belong into a log: neither statements and their parameters, nor the messages of
    // failed ones, which quote values. Their caller gets them.
    logging_collector: 'off',
    log_destination: 'stderr',
    log_min_messages: 'log',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    log_statement: 'none',
    log_min_duration_statement: -1,
    log_parameter_max_length: 0,
    log_parameter_max_length_on_error: 0,
    log_checkpoints: 'off',
  };
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** Keeps one old log; nobody else limits its size. */
async function turnLog(path: string): Promise<void> {
  const size = await stat(path).then(
    (found) => found.size,
    () => 0, // the first start
  );
  if (size > largestLog) await rename(path, `${path}.1`);
}

async function tail(path: string, from: number): Promise<string> {
  const log = await open(path, 'r');
  try {
    const size = Math.max(0, (await log.stat()).size - from);
    const { buffer, bytesRead } = await log.read(Buffer.alloc(Math.min(size, 64 * 1024)), 0, undefined, from);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await log.close();
  }
}
