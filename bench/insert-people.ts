import { readFile } from 'node:fs/promises';
import path from 'node:path';
import postgres from 'postgres';
import type { HubSettings, People } from './contender.ts';

/** Writes users, and servers that count as running, into the private PostgreSQL of this hub while it runs. */
export async function insertIntoPostgres({ folder }: HubSettings, people: People): Promise<void> {
  const data = path.join(folder, 'data');
  const sql = postgres({
    host: path.join(data, 'run'),
    username: 'hub',
    database: 'hub',
    password: (await readFile(path.join(data, 'postgres/hub.password'), 'utf8')).trim(),
    max: 1,
  });
  try {
    await sql.begin(async (tx) => {
      await tx`
        INSERT INTO users (name, last_activity)
        SELECT 'student-' || nr, hub_now() FROM generate_series(1, ${people.users}::int) nr`;
      await tx`
        INSERT INTO user_roles (user_id, role_id)
        SELECT u.id, r.id FROM users u JOIN roles r ON r.name = 'user' WHERE u.name LIKE 'student-%'`;
      await tx`
        INSERT INTO servers (user_id, name, phase, attempt, spawner, target, requested_at, ready_at, last_activity)
        SELECT id, '', 'ready', 1, 'rows', ${people.target}, hub_now(), hub_now(), hub_now()
        FROM users WHERE name LIKE 'student-%' ORDER BY id LIMIT ${people.servers}`;
    });
    await sql`VACUUM ANALYZE`;
  } finally {
    await sql.end();
  }
}
