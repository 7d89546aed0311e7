import { type SQL, sql } from 'drizzle-orm';
import type { ConfiguredTokens, ServiceChanges, ServiceRows } from '../../accounts/setup-ports.ts';
import type { Database } from '../database.ts';
import { oauthClients, services, tokens } from '../tables/index.ts';
import { textArray } from './access-versions.ts';

/** Rows, tokens and clients of the services of a configuration, in few statements however many there are. */
export async function putServices(
  db: Database,
  wanted: readonly ServiceRows[],
  kind: ConfiguredTokens,
): Promise<ServiceChanges> {
  const gone = await removeOthers(db, wanted);
  await putRows(db, wanted);
  const tokenTaken = await putTokens(db, wanted, kind);
  const clientTaken = await putClients(db, wanted);
  return { ...gone, tokenTaken, clientTaken };
}

/** Tokens, roles and clients go with their rows. */
async function removeOthers(
  db: Database,
  wanted: readonly ServiceRows[],
): Promise<Pick<ServiceChanges, 'removed' | 'replaced'>> {
  const names = textArray(wanted.map(({ name }) => name));
  const gone = await db.run((q) =>
    q.execute<{ name: string; from_config: boolean }>(sql`
      DELETE FROM ${services} WHERE from_config <> (name = ANY(${names})) RETURNING name, from_config`),
  );
  return {
    removed: gone.filter((row) => row.from_config).map(({ name }) => name),
    replaced: gone.filter((row) => !row.from_config).map(({ name }) => name),
  };
}

async function putRows(db: Database, wanted: readonly ServiceRows[]): Promise<void> {
  const rows = wanted.map(({ name, url, info, display, timeout, noConfirm }) => ({
    name,
    url,
    info,
    display,
    timeout,
    no_confirm: noConfirm,
  }));
  await db.run((q) =>
    q.execute(sql`
      INSERT INTO ${services} (name, url, info, display, timeout, oauth_no_confirm)
      SELECT name, url, info, display, timeout, no_confirm FROM jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
        AS w(name text, url text, info jsonb, display boolean, timeout bigint, no_confirm boolean)
      ON CONFLICT (name) DO UPDATE SET url = excluded.url, info = excluded.info, display = excluded.display,
        timeout = excluded.timeout, oauth_no_confirm = excluded.oauth_no_confirm
      WHERE (services.url, services.info, services.display, services.timeout, services.oauth_no_confirm)
        IS DISTINCT FROM (excluded.url, excluded.info, excluded.display, excluded.timeout, excluded.oauth_no_confirm)`),
  );
}

/** Another token in the configuration replaces the one before (R175). */
async function putTokens(
  db: Database,
  wanted: readonly ServiceRows[],
  { note, clientId }: ConfiguredTokens,
): Promise<readonly string[]> {
  const given = wanted.flatMap(({ name, tokenHash: hash, tokenPrefix: prefix }) =>
    hash === null ? [] : [{ name, hash, prefix }],
  );
  const rows = sql`jsonb_to_recordset(${JSON.stringify(given)}::jsonb) AS w(name text, hash text, prefix text)`;
  await db.run((q) =>
    q.execute(sql`
      DELETE FROM ${tokens} t USING ${services} s
      WHERE t.service_id = s.id AND s.from_config AND t.note = ${note}
        AND NOT EXISTS (SELECT FROM ${rows} WHERE w.name = s.name AND w.hash = t.hash)`),
  );
  await db.run((q) =>
    q.execute(sql`
      INSERT INTO ${tokens} (service_id, hash, prefix, client_id, note, scopes)
      SELECT s.id, w.hash, w.prefix, ${clientId}, ${note}, '["inherit"]'
      FROM ${rows} JOIN ${services} s ON s.name = w.name
      ON CONFLICT (hash) DO NOTHING`),
  );
  return names(
    db,
    sql`SELECT s.name FROM ${rows} JOIN ${services} s ON s.name = w.name JOIN ${tokens} t ON t.hash = w.hash
      WHERE t.service_id IS DISTINCT FROM s.id ORDER BY 1`,
  );
}

async function putClients(db: Database, wanted: readonly ServiceRows[]): Promise<readonly string[]> {
  const given = wanted.flatMap(({ name, client }) =>
    client === null
      ? []
      : [
          {
            name,
            identifier: client.identifier,
            description: client.description,
            secret_hash: client.secretHash,
            redirect_uri: client.redirectUri,
            allowed_scopes: client.allowedScopes,
          },
        ],
  );
  const rows = sql`jsonb_to_recordset(${JSON.stringify(given)}::jsonb) AS w(name text, identifier text,
    description text, secret_hash text, redirect_uri text, allowed_scopes jsonb)`;
  await db.run((q) =>
    q.execute(sql`
      DELETE FROM ${oauthClients} c USING ${services} s
      WHERE c.service_id = s.id AND s.from_config
        AND NOT EXISTS (SELECT FROM ${rows} WHERE w.name = s.name AND w.identifier = c.identifier)`),
  );
  await db.run((q) =>
    q.execute(sql`
      INSERT INTO ${oauthClients} AS c (identifier, description, secret_hash, redirect_uri, allowed_scopes, service_id)
      SELECT w.identifier, w.description, w.secret_hash, w.redirect_uri, w.allowed_scopes, s.id
      FROM ${rows} JOIN ${services} s ON s.name = w.name
      ON CONFLICT (identifier) DO UPDATE SET description = excluded.description,
        secret_hash = excluded.secret_hash, redirect_uri = excluded.redirect_uri, allowed_scopes = excluded.allowed_scopes
      WHERE c.service_id = excluded.service_id
        AND (c.description, c.secret_hash, c.redirect_uri, c.allowed_scopes)
          IS DISTINCT FROM (excluded.description, excluded.secret_hash, excluded.redirect_uri, excluded.allowed_scopes)`),
  );
  return names(
    db,
    sql`SELECT s.name FROM ${rows} JOIN ${services} s ON s.name = w.name
      JOIN ${oauthClients} c ON c.identifier = w.identifier WHERE c.service_id IS DISTINCT FROM s.id ORDER BY 1`,
  );
}

async function names(db: Database, statement: SQL): Promise<readonly string[]> {
  const rows = await db.run((q) => q.execute<{ name: string }>(statement));
  return rows.map(({ name }) => name);
}
