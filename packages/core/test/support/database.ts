import { createHash, randomUUID } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import type postgres from 'postgres';
import { systemClock } from '../../src/kernel/index.ts';
import { type Connection, openClient } from '../../src/storage/database.ts';
import { migrate } from '../../src/storage/migrate.ts';
import { openPrivatePostgres } from '../../src/storage/private-postgres/index.ts';
import { silentLogger } from './silent-logger.ts';
import { testServerFolder } from './test-server.ts';

/** A database of a test's own. */
export interface TestDatabase {
  readonly connection: Connection;
  /** Close pools first. */
  drop(): Promise<void>;
}

/**
 * An empty database with the hub's schema, cloned from a template. The server is the one that
 * `HUB_TEST_DATABASE` names, else one PostgreSQL for the whole run, started when first asked for.
 */
export async function testDatabase(): Promise<TestDatabase> {
  serverOnce ??= findServer();
  const server = await serverOnce;
  templateOnce ??= makeTemplate(server);
  const template = await templateOnce;
  const database = `hub_test_${randomUUID().replaceAll('-', '')}`;
  await asAdmin(server, (client) => client.unsafe(`CREATE DATABASE ${database} TEMPLATE ${template}`));
  return {
    connection: { ...server, database },
    drop: () => asAdmin(server, (client) => client.unsafe(`DROP DATABASE ${database} WITH (FORCE)`)),
  };
}

let serverOnce: Promise<Connection> | undefined;
let templateOnce: Promise<string> | undefined;

async function findServer(): Promise<Connection> {
  const url = process.env.HUB_TEST_DATABASE;
  if (url) return fromUrl(new URL(url));
  const folder = process.env[testServerFolder];
  if (!folder)
    throw new Error('No PostgreSQL for tests: run vitest with its configuration, or set HUB_TEST_DATABASE.');
  const server = await openPrivatePostgres({
    folder,
    unsafeFast: true,
    log: silentLogger,
    clock: systemClock,
  });
  return { ...server.connection };
}

function fromUrl(url: URL): Connection {
  return {
    host: url.searchParams.get('host') ?? url.hostname,
    port: Number(url.port || 5432),
    username: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    database: url.pathname.slice(1) || 'postgres',
  };
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
  const folder = new URL('../../migrations/', import.meta.url);
  const hash = createHash('sha256');
  for (const file of (await readdir(folder)).sort()) {
    if (file.endsWith('.sql')) hash.update(await readFile(new URL(file, folder)));
  }
  return hash.digest('hex').slice(0, 16);
}

async function asAdmin(server: Connection, work: (client: postgres.Sql) => Promise<unknown>): Promise<void> {
  const client = openClient(server, 'hub tests', { max: 1, statementTimeout: 60_000, lockTimeout: 0 });
  try {
    await work(client);
  } finally {
    await client.end({ timeout: 5 });
  }
}
