import type { Clock, Logger } from '../../plugin/index.ts';
import { HubError } from '../../plugin/index.ts';
import { accountFor, assertReachable } from './account.ts';
import { postgresCaches, providePostgres } from './binaries.ts';
import { makeDataDirectory, readPassword } from './data-directory.ts';
import { explained, letPass, makeDataFolder } from './data-folder.ts';
import { type Place, reach } from './reach.ts';
import { type PrivateConnection, privateConnection, type Session } from './session.ts';
import { makeSocketFolder } from './socket-folder.ts';
import { supervise } from './supervise.ts';

/** What {@link openPrivatePostgres} needs. */
export interface PrivatePostgresOptions {
  /** The data folder; made when missing. Files of the hub may lie in it beside PostgreSQL's. */
  readonly folder: string;
  /** The system user that runs the server under a root hub; `hub-postgres`, made when missing, unless given. */
  readonly postgresUser?: string | undefined;
  /** Does not wait for the disk: a power cut loses everything. For tests alone. */
  readonly unsafeFast?: boolean | undefined;
  readonly log: Logger;
  /** Must go by itself: processes are waited for. */
  readonly clock: Clock;
  /** Gives up opening; a server started for it alone is ended. */
  readonly signal?: AbortSignal | undefined;
}

/** A hub's hold on the PostgreSQL of its data folder. While one hold is left, the server runs. */
export interface PrivatePostgres extends AsyncDisposable {
  /** Options for postgres.js; the same after a restart of the server. */
  readonly connection: PrivateConnection;
  /** Major version, such as 18. */
  readonly version: number;
  /** Resolves when the server runs, answers and is held; a lost one is started again meanwhile. */
  ensureRunning(signal: AbortSignal): Promise<void>;
  /** Calls `listener` whenever the server was lost. Returns how to stop that. */
  onLost(listener: () => void): () => void;
  /** Lets go. Close pools first: the last holder stops the server, and waits until it is gone. */
  close(): Promise<'left' | 'stopped'>;
}

/**
 * Opens the PostgreSQL that belongs to a data folder: makes database and server when they are not there, joins
 * the server when another hub has started it. Throws `HUB_START_FAILED` with what to do about it.
 */
export async function openPrivatePostgres(options: PrivatePostgresOptions): Promise<PrivatePostgres> {
  const signal = options.signal ?? new AbortController().signal;
  signal.throwIfAborted();
  const began = options.clock.monotonic();
  const place = await prepare(options);
  const session = await reach(place, signal);
  const handle = supervise(place, session);
  try {
    await refuseUnsafe(place, session);
    await session.makeDatabase();
  } catch (error) {
    await handle.close();
    throw error;
  }
  const ms = Math.round(options.clock.monotonic() - began);
  options.log.info(
    { folder: place.folder.path, version: place.binaries.major, ms },
    'private PostgreSQL open',
  );
  return handle;
}

/** Brings files, users and folders into being; nothing runs yet. */
async function prepare({
  folder: path,
  postgresUser,
  unsafeFast = false,
  log,
  clock,
}: PrivatePostgresOptions): Promise<Place> {
  const folder = await makeDataFolder(path);
  return explained(folder.path, async () => {
    const account = await accountFor(folder.postgres, postgresUser);
    await letPass(folder, account);
    await assertReachable(account, folder.path);
    const binaries = await providePostgres(postgresCaches(account.prefix.length > 0, folder.path));
    await makeDataDirectory(folder, binaries, account, unsafeFast);
    const sockets = await makeSocketFolder(folder, account);
    const connection = privateConnection(sockets, await readPassword(folder));
    return { folder, account, binaries, sockets, connection, unsafeFast, log, clock };
  });
}

async function refuseUnsafe({ folder, unsafeFast }: Place, session: Session): Promise<void> {
  if (unsafeFast || !(await session.isUnsafe())) return;
  throw new HubError('HUB_CONFLICT', `The PostgreSQL of ${folder.path} runs without fsync, for tests`, {
    hint: `It is held by ${(await session.holders()).join(', ') || 'nobody'}. End that first.`,
  });
}
