import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type postgres from 'postgres';
import { systemClock } from '../kernel/index.ts';
import type { Logger } from '../plugin/index.ts';
import { type Connection, openClient } from './database.ts';
import { migrate, migrationsFolder } from './migrate.ts';
import { openPrivatePostgres, type PrivatePostgres } from './private-postgres/index.ts';

/** A database of a test's own, with the hub's schema and nothing in it. */
export interface TestDatabase {
  /** What `database` of a configuration takes. */
  readonly url: string;
  readonly connection: Connection;
  /** Moves the database's clock (`hub_now()`) ahead for all hubs on it. */
  advance(seconds: number): Promise<void>;
  /** Deletes it, whoever is still connected. The last one of a process stops the server that was made for it. */
  drop(): Promise<void>;
}

/**
 * Makes a database by cloning a migrated template, in 30 to 100 ms. The server is the one that
 * `HUB_TEST_DATABASE` names (a `postgres://` address whose role may create databases), else that of the folder in
 * `HUB_TEST_SERVER_FOLDER`, else one of this process in a temporary folder, without fsync.
 */
export async function createTestDatabase(): Promise<TestDatabase> {
  const server = await serverInUse();
  try {
    server.template ??= makeTemplate(server.connection);
    const template = await server.template;
    const database = `hub_test_${randomUUID().replaceAll('-', '')}`;
    await asAdmin(server.connection, (client) =>
      client.unsafe(`CREATE DATABASE ${database} TEMPLATE ${template}`),
    );
    const connection = { ...server.connection, database };
    return {
      url: urlOf(connection),
      connection,
      advance: (seconds) => asAdmin(connection, (client) => advance(client, seconds)),
      async drop() {
        await asAdmin(server.connection, (client) =>
          client.unsafe(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`),
        );
        await letGo(server);
      },
    };
  } catch (error) {
    await letGo(server);
    throw error;
  }
}

interface Server {
  readonly connection: Connection;
  /** Ends what was started for this process alone. */
  readonly end: (() => Promise<void>) | null;
  template?: Promise<string>;
  users: number;
}

let current: Promise<Server> | null = null;

async function serverInUse(): Promise<Server> {
  current ??= findServer();
  const server = await current;
  server.users++;
  return server;
}

/** A moment's grace: the next test usually wants it again. */
async function letGo(server: Server): Promise<void> {
  server.users--;
  if (!server.end || server.users > 0) return;
  await systemClock.sleep(300);
  if (server.users > 0 || !current) return;
  current = null;
  await server.end();
}

async function findServer(): Promise<Server> {
  const url = process.env.HUB_TEST_DATABASE;
  if (url) return { connection: connectionOf(new URL(url)), end: null, users: 0 };
  const shared = process.env.HUB_TEST_SERVER_FOLDER;
  const folder = shared ?? (await mkdtemp(join(tmpdir(), 'hub-test-')));
  const own: PrivatePostgres = await openPrivatePostgres({
    folder,
    unsafeFast: true,
    log: silent,
    clock: systemClock,
  });
  const end = async () => {
    await own.close();
    await rm(folder, { recursive: true, force: true });
  };
  return { connection: { ...own.connection }, end: shared === undefined ? end : null, users: 0 };
}

function connectionOf(url: URL): Connection {
  return {
    host: url.searchParams.get('host') ?? url.hostname,
    port: Number(url.searchParams.get('port') ?? (url.port || 5432)),
    username: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: url.pathname.slice(1) || 'postgres',
  };
}

function urlOf({ host, port, username, password, database }: Connection): string {
  const url = new URL(`postgres://localhost/${database}`);
  url.username = username ?? '';
  url.password = typeof password === 'string' ? password : '';
  url.searchParams.set('host', String(host));
  url.searchParams.set('port', String(port));
  return url.href;
}

/** Made once for each state of the migrations; several processes may ask at once. */
async function makeTemplate(server: Connection): Promise<string> {
  const template = `hub_template_${await migrationsHash()}`;
  await asAdmin(server, async (client) => {
    await client`SELECT pg_advisory_lock(hashtext(${template}))`;
    const there = await client`SELECT FROM pg_database WHERE datname = ${template}`;
    if (there.length > 0) return;
    const unfinished = `${template}_unfinished`;
    await client.unsafe(`DROP DATABASE IF EXISTS ${unfinished}`);
    await client.unsafe(`CREATE DATABASE ${unfinished}`);
    await migrate({ ...server, database: unfinished });
    await client.unsafe(`ALTER DATABASE ${unfinished} RENAME TO ${template}`);
  });
  return template;
}

async function migrationsHash(): Promise<string> {
  const folder = migrationsFolder();
  const hash = createHash('sha256');
  for (const file of (await readdir(folder)).sort()) {
    if (file.endsWith('.sql')) hash.update(await readFile(join(folder, file)));
  }
  return hash.digest('hex').slice(0, 16);
}

function advance(client: postgres.Sql, seconds: number): Promise<unknown> {
  return client`
    INSERT INTO settings (key, value) VALUES ('clock_offset', to_jsonb(${seconds}::float8))
    ON CONFLICT (key) DO UPDATE SET value = to_jsonb((settings.value #>> '{}')::float8 + ${seconds}::float8)`;
}

async function asAdmin(server: Connection, work: (client: postgres.Sql) => Promise<unknown>): Promise<void> {
  const client = openClient(server, 'hub tests', { max: 1, statementTimeout: 60_000, lockTimeout: 0 });
  try {
    await work(client);
  } finally {
    await client.end({ timeout: 5 });
  }
}

const silent: Logger = {
  trace: () => {},
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silent,
};
