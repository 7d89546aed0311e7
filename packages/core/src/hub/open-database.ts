import { type Clock, HubError, type Logger } from '../plugin/index.ts';
import type { Connection } from '../storage/database.ts';
import { type Migrated, migrate } from '../storage/migrate.ts';
import { openPrivatePostgres } from '../storage/private-postgres/index.ts';
import type { Places } from './data-folder.ts';

/** The database of a hub, open and of this package's schema. */
export interface OpenDatabase {
  readonly connection: Connection;
  readonly migrated: Migrated;
  /** Resolves when it can be reached again; at once where somebody else keeps it running. */
  ensureRunning(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

/** Opens what the configuration names: a PostgreSQL of our own, or somebody else's. */
export async function openDatabase(
  places: Places,
  deps: {
    readonly log: Logger;
    readonly clock: Clock;
    readonly postgresUser: string;
    readonly signal: AbortSignal;
  },
): Promise<OpenDatabase> {
  const { database } = places;
  if (database.kind === 'url') {
    const connection = fromUrl(database.url);
    const migrated = await upToDate(connection, deps.log);
    return { connection, migrated, ensureRunning: async () => undefined, close: async () => undefined };
  }
  const { log, clock, postgresUser, signal } = deps;
  const own = await openPrivatePostgres({ folder: database.folder, postgresUser, log, clock, signal });
  try {
    return {
      connection: own.connection,
      migrated: await upToDate(own.connection, log),
      ensureRunning: (until) => own.ensureRunning(until),
      close: async () => {
        await own.close();
      },
    };
  } catch (error) {
    await own.close();
    throw error;
  }
}

async function upToDate(connection: Connection, log: Logger): Promise<Migrated> {
  const migrated = await migrate(connection);
  if (!migrated.nameIndex) {
    log.warn(
      {},
      'searching for a part of a user name reads all users: the extension pg_trgm was not there, or the account may not make it, when the database was migrated',
    );
  }
  return migrated;
}

/** `postgres://user:password@host:5432/name` → options of the driver; its own parser reads `?host=/socket` too. */
export function fromUrl(url: string): Connection {
  const { hostname, port, username, password, pathname, searchParams } = new URL(url);
  const host = searchParams.get('host') ?? decodeURIComponent(hostname);
  const ssl = searchParams.get('sslmode');
  if (host === '') throw new HubError('HUB_CONFIG_INVALID', '`database` names no host.');
  return {
    host,
    port: Number(searchParams.get('port') ?? port) || 5432,
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)) || 'postgres',
    ...(ssl === null || ssl === 'disable'
      ? {}
      : { ssl: ssl === 'verify-full' ? ('verify-full' as const) : ('require' as const) }),
  };
}
