import { hostname } from 'node:os';
import postgres from 'postgres';
import { roleName } from './data-directory.ts';
import { codeOf } from './data-folder.ts';
import { port } from './socket-folder.ts';

/** How to reach the private server: options for postgres.js. */
export interface PrivateConnection {
  /** Folder of the socket. */
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  readonly database: string;
  readonly ssl: false;
  /** Seconds before try number `attempt` to reconnect, at most one. */
  readonly backoff: (attempt: number) => number;
  /** Seconds. */
  readonly connect_timeout: number;
}

/** The database every private server has. */
export const databaseName = 'hub';

/** How to reach the server whose socket lies in `folder`. */
export function privateConnection(folder: string, password: string): PrivateConnection {
  return {
    host: folder,
    port,
    username: roleName,
    password,
    database: databaseName,
    ssl: false,
    // The library's own stalls for 20 s after a restart.
    backoff: (attempt) => Math.min(1, 0.02 * 2 ** attempt),
    connect_timeout: 5,
  };
}

/** One connection that marks a holder of the server; while any lives, nobody stops it. */
export interface Session {
  /** Resolves when the connection is no more, for whatever reason. */
  readonly closed: Promise<void>;
  /** Takes the shared lock. Waits while the last holder is stopping the server, and fails with it. */
  hold(): Promise<void>;
  /** Rejects when the server does not answer. */
  check(): Promise<void>;
  /** Is the server run without fsync? */
  isUnsafe(): Promise<boolean>;
  /** Makes the hub's database unless it is there. */
  makeDatabase(): Promise<void>;
  /** Gives up the shared lock. True: nobody else holds it, and none can until this session ends. */
  isLast(): Promise<boolean>;
  /** Who holds the server, in words. */
  holders(): Promise<readonly string[]>;
  end(): Promise<void>;
}

// Advisory locks count per database, and the hub's own may be dropped: these live in `postgres`.
const lockKey = [0x687562, 1] as const;

/** Connects without holding anything. Rejects when the server cannot be reached. */
export async function openSession(connection: PrivateConnection): Promise<Session> {
  const closed = Promise.withResolvers<void>();
  const sql = postgres({
    ...connection,
    database: 'postgres',
    max: 1,
    // The lock lives and dies with this connection.
    max_lifetime: null,
    idle_timeout: 0,
    fetch_types: false,
    onnotice: () => {},
    onclose: () => closed.resolve(),
    connection: {
      application_name: `hub ${process.pid} on ${hostname()}`.slice(0, 63),
      lock_timeout: 30_000,
    },
  });
  const end = () => sql.end({ timeout: 1 });
  try {
    await sql`select 1`;
  } catch (error) {
    await end();
    throw error;
  }
  // postgres.js would connect anew, without the lock.
  void closed.promise.then(end);

  return {
    closed: closed.promise,
    end,
    async hold() {
      await sql`select pg_advisory_lock_shared(${lockKey[0]}, ${lockKey[1]})`;
    },
    async check() {
      await sql`select 1`;
    },
    async isUnsafe() {
      const [row] = await sql<{ fsync: string }[]>`show fsync`;
      return row?.fsync === 'off';
    },
    async makeDatabase() {
      const found = await sql`select from pg_database where datname = ${databaseName}`;
      if (found.length > 0) return;
      await sql`create database ${sql(databaseName)}`.catch((error: unknown) => {
        const madeMeanwhile = ['42P04', '23505'].includes(codeOf(error) ?? '');
        if (!madeMeanwhile) throw error;
      });
    },
    async isLast() {
      await sql`select pg_advisory_unlock_shared(${lockKey[0]}, ${lockKey[1]})`;
      const [row] = await sql<{ last: boolean }[]>`
        select pg_try_advisory_lock(${lockKey[0]}, ${lockKey[1]}) as last`;
      return row?.last === true;
    },
    async holders() {
      const rows = await sql<{ name: string }[]>`
        select a.application_name || ' since ' || to_char(a.backend_start, 'YYYY-MM-DD HH24:MI') as name
        from pg_locks l join pg_stat_activity a using (pid)
        where l.locktype = 'advisory' and l.classid = ${lockKey[0]} and l.objid = ${lockKey[1]}
          and l.granted and l.pid <> pg_backend_pid()
        order by a.backend_start`;
      return rows.map((row) => row.name);
    },
  };
}
