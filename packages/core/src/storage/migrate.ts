import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { drizzle } from 'drizzle-orm/postgres-js';
import { migrate as runMigrations } from 'drizzle-orm/postgres-js/migrator';
import { HubError } from '../plugin/index.ts';
import { type Connection, openClient } from './database.ts';
import { databaseError } from './database-error.ts';
import { locks } from './locks.ts';

/** The schema this code writes, raised with every migration that an older hub could not work with. */
export const schemaVersion = 1;

/** What a migration did. */
export interface Migrated {
  /** Steps that were there before; 0 for a new database. */
  readonly before: number;
  /** Steps that are there now. */
  readonly after: number;
  /** Is there an index for parts of names? Without it `name_filter` reads all users. */
  readonly nameIndex: boolean;
}

/**
 * Brings the database to this package's schema, once among all hubs. Refuses a database whose `min_hub` is
 * newer than this code.
 */
export async function migrate(connection: Connection): Promise<Migrated> {
  const client = openClient(connection, 'hub migrations', {
    max: 1,
    statementTimeout: 0,
    lockTimeout: 0,
    idleInTransactionTimeout: 0,
  });
  try {
    await client`SELECT pg_advisory_lock(${locks.migrations})`;
    await refuseNewer(client);
    const before = await steps(client);
    await runMigrations(drizzle(client), { migrationsFolder: migrationsFolder() });
    await client`INSERT INTO settings (key, value) VALUES ('min_hub', ${String(schemaVersion)}::jsonb)
      ON CONFLICT (key) DO NOTHING`;
    return { before, after: await steps(client), nameIndex: await hasNameIndex(client) };
  } catch (error) {
    throw databaseError(error);
  } finally {
    await client.end({ timeout: 5 });
  }
}

/** How many steps the database has taken, as drizzle's own table tells. */
async function steps(client: ReturnType<typeof openClient>): Promise<number> {
  const [there] = await client`SELECT to_regclass('drizzle.__drizzle_migrations') IS NOT NULL AS table`;
  if (!there?.table) return 0;
  const [row] = await client`SELECT count(*)::int AS steps FROM drizzle.__drizzle_migrations`;
  return Number(row?.steps ?? 0);
}

async function hasNameIndex(client: ReturnType<typeof openClient>): Promise<boolean> {
  const [row] = await client`SELECT to_regclass('users_name_trigrams') IS NOT NULL AS there`;
  return row?.there === true;
}

async function refuseNewer(client: ReturnType<typeof openClient>): Promise<void> {
  const [there] = await client`SELECT to_regclass('settings') IS NOT NULL AS settings`;
  if (!there?.settings) return;
  const [row] = await client`SELECT (value #>> '{}')::int AS version FROM settings WHERE key = 'min_hub'`;
  if (row && row.version > schemaVersion) {
    throw new HubError(
      'HUB_START_FAILED',
      `The database was made by a newer hub (schema ${row.version}, this one knows ${schemaVersion}).`,
      {
        hint: 'Install the newer version of @hub/core, or restore a dump made by this one.',
      },
    );
  }
}

/** The folder of migrations, beside `src` in the workspace and beside `dist` in the package. */
export function migrationsFolder(): string {
  for (const relative of ['../migrations', '../../migrations']) {
    const folder = fileURLToPath(new URL(relative, import.meta.url));
    if (existsSync(`${folder}/meta/_journal.json`)) return folder;
  }
  throw new HubError('HUB_START_FAILED', 'The folder of database migrations is missing from @hub/core.', {
    hint: 'Install the package again.',
  });
}
