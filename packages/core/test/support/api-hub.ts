import { createTestHub, TestClient, type TestHub, type TestHubOptions } from '../../../testing/src/index.ts';
import { hashSecret, randomIds } from '../../src/kernel/index.ts';
import type { JsonValue } from '../../src/plugin/index.ts';
import { openClient } from '../../src/storage/database.ts';

/** A whole hub with a real listener and database, and callers who hold what a test gives them. */
export type ApiHub = Awaited<ReturnType<typeof openApiHub>>;

/** Starts one; `ada` is its administrator. */
export async function openApiHub(options: TestHubOptions = {}) {
  const hub: TestHub = await createTestHub(options);
  const sql = openClient(hub.database.connection, 'hub tests', { max: 2 });
  const ada = await hub.signIn('ada', { admin: true });

  async function role(scopes: readonly string[]): Promise<number> {
    const name = `role-${randomIds.hex32()}`;
    const [row] =
      await sql`INSERT INTO roles (name, scopes) VALUES (${name}, ${sql.json([...scopes])}) RETURNING id`;
    return Number(row?.id);
  }

  return {
    hub,
    sql,
    /** An administrator. */
    ada,
    /** A caller with exactly these scopes: a service, which holds nothing by itself (R143). */
    async service(scopes: readonly string[], { admin = false, name = `service-${randomIds.hex32()}` } = {}) {
      const [row] = await sql`INSERT INTO services (name, admin) VALUES (${name}, ${admin}) RETURNING id`;
      const id = Number(row?.id);
      await sql`INSERT INTO service_roles (service_id, role_id) VALUES (${id}, ${await role(scopes)})`;
      const token = randomIds.hex32();
      await sql`INSERT INTO tokens (service_id, hash, prefix, client_id, scopes)
        VALUES (${id}, ${hashSecret(token)}, ${token.slice(0, 4)}, 'jupyterhub', '["inherit"]')`;
      return new TestClient(hub.url, name, token);
    },
    /** A user, made when new, who holds these scopes besides their own (R136). */
    async user(name: string, scopes: readonly string[] = []) {
      const client = await hub.signIn(name);
      if (scopes.length > 0) {
        await sql`INSERT INTO user_roles (user_id, role_id) SELECT id, ${await role(scopes)} FROM users WHERE name = ${name}`;
        await sql`UPDATE users SET access_version = access_version + 1 WHERE name = ${name}`;
      }
      return client;
    },
    /** Somebody with no credentials. */
    stranger: new TestClient(hub.url, '', 'x'),
    /** What the audit trail says of a target. */
    async trail(target: string): Promise<string[]> {
      const rows = await sql`SELECT action FROM audit WHERE target = ${target} ORDER BY id`;
      return rows.map((row) => String(row.action));
    },
    async [Symbol.asyncDispose](): Promise<void> {
      await sql.end({ timeout: 1 });
      await hub[Symbol.asyncDispose]();
    },
  };
}

/** Names in a list or page of models. */
export function namesIn(value: unknown): string[] {
  const list = Array.isArray(value) ? value : itemsOf(value);
  return list.map((one: { readonly name?: JsonValue }) => String(one.name));
}

/** The entries of an enveloped page. */
export function itemsOf(value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null || !('items' in value)) return [];
  return Array.isArray(value.items) ? value.items : [];
}
