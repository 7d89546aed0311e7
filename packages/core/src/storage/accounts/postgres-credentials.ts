import { type SQL, sql } from 'drizzle-orm';
import { PgDialect } from 'drizzle-orm/pg-core';
import type { IdentityAge } from '../../accounts/identity-ports.ts';
import type {
  CredentialOwner,
  CredentialStore,
  LoginCredential,
  TokenCredential,
} from '../../accounts/ports.ts';
import { HubError } from '../../plugin/index.ts';
import type { Database } from '../database.ts';
import { toInstant } from '../tables/columns.ts';
import { accessEpochKey, idArray } from './access-versions.ts';
import { clientOf } from './client-facts.ts';
import { nowInline } from './database-time.ts';
import { isKeptOut } from './kept-out.ts';
import { details, detailsOf, type UserRow, userRecord } from './user-page.ts';

/** Looks up tokens and logins by the hash of their secret, prepared on each connection. */
export function postgresCredentials(db: Database): CredentialStore {
  return {
    async token(hash, { details: withDetails = false, identity = false } = {}) {
      if (withDetails) {
        const [row] = await db.run((q) => q.execute<DetailedTokenRow>(selectDetailedToken(hash, identity)));
        return row ? tokenCredential(row, userDetailsOf(row)) : null;
      }
      const [row] = await db.run((q) => q.execute<TokenRow>(selectToken(hash, identity)));
      return row ? tokenCredential(row, null) : null;
    },
    async login(hash) {
      const [row] = await db.run((q) => q.execute<LoginRow>(selectLogin(hash)));
      return row ? loginCredential(row) : null;
    },
    async versions(tokens, logins) {
      const rows = await db.run((q) => q.execute<VersionRow>(selectVersions(tokens, logins)));
      return rows.map(({ kind, id, version }) => ({ kind, id: Number(id), version }));
    },
  };
}

/** The statement behind `token`; one index probe in each table. */
export function selectToken(hash: string, identity = false): SQL {
  return identity
    ? sql`SELECT ${tokenColumns}, ${groupsColumn}, ${identityColumns} FROM ${tokenTables} ${latestIdentity} WHERE t.hash = ${hash}`
    : sql`SELECT ${tokenColumns}, ${groupsColumn} FROM ${tokenTables} WHERE t.hash = ${hash}`;
}

/** The same, with everything that a model of the user shows. */
export function selectDetailedToken(hash: string, identity = false): SQL {
  const columns = sql`${tokenColumns}, u.user_info, ${detailColumns}`;
  return identity
    ? sql`SELECT ${columns}, ${identityColumns} FROM ${tokenTables} ${latestIdentity} WHERE t.hash = ${hash}`
    : sql`SELECT ${columns} FROM ${tokenTables} WHERE t.hash = ${hash}`;
}

/** The statement behind `login`. */
export function selectLogin(hash: string): SQL {
  return sql`SELECT ${loginColumns}, ${groupsColumn}, ${identityColumns}
    FROM logins l LEFT JOIN users u ON u.id = l.user_id ${identityOfLogin} WHERE l.hash = ${hash}`;
}

/** The statement behind `versions`: index probes by id. */
export function selectVersions(tokens: readonly number[], logins: readonly number[]): SQL {
  const epoch = sql`(SELECT value #>> '{}' FROM settings WHERE key = ${sql.raw(`'${accessEpochKey}'`)})`;
  return sql`
    SELECT 'token' AS kind, t.id, concat(coalesce(u.access_version, v.access_version), '.', ${epoch}) AS version
    FROM tokens t
      LEFT JOIN users u ON u.id = t.user_id
      LEFT JOIN services v ON v.id = t.service_id
      LEFT JOIN logins l ON l.id = t.login_id
    WHERE t.id = ANY(${idArray(tokens)}) AND ${isKeptOut} IS NOT TRUE AND ${isExpired} IS NOT TRUE
    UNION ALL
    SELECT 'login', l.id, concat(u.access_version, '.', ${epoch})
    FROM logins l JOIN users u ON u.id = l.user_id
    WHERE l.id = ANY(${idArray(logins)}) AND NOT ${isKeptOut} AND l.expires_at >= ${nowInline}`;
}

type VersionRow = { kind: 'token' | 'login'; id: string; version: string };

const isExpired = sql`((t.expires_at IS NOT NULL AND t.expires_at < ${nowInline})
    OR (t.login_id IS NOT NULL AND (l.id IS NULL OR l.expires_at < ${nowInline})))`;

// These run with every request: as plain text, there is next to nothing to put together, and no row to map twice.
const groupsColumn = sql.raw(`ARRAY(SELECT g.name FROM memberships m JOIN groups g ON g.id = m.group_id
  WHERE m.user_id = u.id ORDER BY 1) AS groups`);
const detailColumns = text(details);
const commonColumns = text(sql`
  (SELECT value #>> '{}' FROM settings WHERE key = ${sql.raw(`'${accessEpochKey}'`)}) AS access_epoch,
  ${nowInline} AS now, u.id AS user_id, u.name AS user_name, u.admin AS user_admin, ${isKeptOut} AS disabled,
  u.created AS user_created, u.last_activity AS user_last_activity, u.access_version AS user_version`);
// Most never expire: then the clock is not asked a second time.
const tokenColumns = text(sql`${commonColumns}, t.id, t.scopes, t.note, t.session_id, t.client_id,
  t.last_activity AS last_used, t.login_id,
  ${isExpired} AS expired,
  cu.name AS client_user, cs.name AS client_server, cv.name AS client_service,
  v.id AS service_id, v.name AS service_name, v.admin AS service_admin, v.access_version AS service_version`);
const tokenTables = sql.raw(`tokens t
  LEFT JOIN users u ON u.id = t.user_id
  LEFT JOIN services v ON v.id = t.service_id
  LEFT JOIN logins l ON l.id = t.login_id
  LEFT JOIN oauth_clients c ON c.identifier = t.client_id
  LEFT JOIN servers cs ON cs.id = c.server_id
  LEFT JOIN users cu ON cu.id = cs.user_id
  LEFT JOIN services cv ON cv.id = c.service_id`);
const loginColumns = text(sql`${commonColumns}, l.id, l.session_id, l.last_seen AS last_used,
  l.expires_at < ${nowInline} AS expired`);

// How old is what the authenticator said of them (P125)? In the same look, so that most requests cost no other.
const identityColumns = sql.raw(`i.authenticator AS identity_authenticator, i.subject AS identity_subject,
  i.refreshed_at AS identity_refreshed_at`);
const latestIdentity = sql.raw(`LEFT JOIN LATERAL (
    SELECT authenticator, subject, refreshed_at FROM identities
    WHERE user_id = u.id AND signed_in_at IS NOT NULL ORDER BY signed_in_at DESC, authenticator, subject LIMIT 1
  ) i ON true`);
const identityOfLogin = sql.raw(`LEFT JOIN identities i
  ON i.authenticator = l.authenticator AND i.subject = l.subject AND i.user_id = l.user_id`);

type UserColumns =
  | {
      user_id: string;
      user_name: string;
      user_admin: boolean;
      disabled: boolean;
      user_created: string;
      user_last_activity: string | null;
      user_version: string;
    }
  | { user_id: null };

type CommonRow = UserColumns & {
  id: string;
  session_id: string | null;
  access_epoch: string | null;
  now: string;
  groups: string[];
  last_used: string | null;
  expired: boolean | null;
  identity_authenticator?: string | null;
  identity_subject?: string | null;
  identity_refreshed_at?: string | null;
};

type LoginRow = CommonRow;

type TokenRow = CommonRow & {
  scopes: string[];
  note: string;
  client_id: string;
  login_id: string | null;
  client_user: string | null;
  client_server: string | null;
  client_service: string | null;
  service_id: string | null;
  service_name: string | null;
  service_admin: boolean | null;
  service_version: string | null;
};

type DetailedTokenRow = TokenRow & Pick<UserRow, 'user_info' | 'roles' | 'servers'>;

function tokenCredential(row: TokenRow, details: TokenCredential['details']): TokenCredential {
  return {
    tokenId: Number(row.id),
    scopes: row.scopes,
    note: row.note,
    sessionId: row.session_id,
    clientId: row.client_id,
    loginId: row.login_id === null ? null : Number(row.login_id),
    client: clientOf({
      clientUser: row.client_user,
      clientServer: row.client_server,
      clientService: row.client_service,
    }),
    owner: userOwner(row) ?? serviceOwner(row),
    details,
    ...seen(row),
  };
}

function userDetailsOf(row: DetailedTokenRow): TokenCredential['details'] {
  if (row.user_id === null) return null;
  const record = userRecord({
    id: row.user_id,
    name: row.user_name,
    admin: row.user_admin,
    disabled: row.disabled,
    user_info: row.user_info,
    created: row.user_created,
    last_activity: row.user_last_activity,
  });
  return { ...record, ...detailsOf(row) };
}

function loginCredential(row: LoginRow): LoginCredential {
  const owner = userOwner(row);
  if (!owner) throw missingOwner('login', row.id);
  return { loginId: Number(row.id), sessionId: row.session_id, owner, ...seen(row) };
}

function seen(row: CommonRow) {
  return {
    lastUsed: row.last_used === null ? null : toInstant(row.last_used),
    expired: row.expired ?? false,
    now: toInstant(row.now),
    accessEpoch: Number(row.access_epoch ?? 0),
    identity: identityOf(row),
  };
}

function identityOf(row: CommonRow): IdentityAge | null {
  const { identity_authenticator: authenticator, identity_subject: subject, identity_refreshed_at: at } = row;
  if (authenticator == null || subject == null || at == null) return null;
  const refreshedAt = toInstant(at);
  return {
    authenticator,
    subject,
    refreshedAt,
    age: (Date.parse(toInstant(row.now)) - Date.parse(refreshedAt)) / 1000,
  };
}

function userOwner(row: CommonRow): Extract<CredentialOwner, { kind: 'user' }> | null {
  if (row.user_id === null) return null;
  return {
    kind: 'user',
    id: Number(row.user_id),
    name: row.user_name,
    admin: row.user_admin,
    disabled: row.disabled,
    groups: row.groups,
    created: toInstant(row.user_created),
    lastActivity: row.user_last_activity === null ? null : toInstant(row.user_last_activity),
    accessVersion: Number(row.user_version),
  };
}

function serviceOwner(row: TokenRow): CredentialOwner {
  if (row.service_id === null || row.service_name === null) throw missingOwner('token', row.id);
  return {
    kind: 'service',
    id: Number(row.service_id),
    name: row.service_name,
    admin: row.service_admin === true,
    accessVersion: Number(row.service_version),
  };
}

function missingOwner(what: string, id: string): HubError {
  return new HubError('HUB_DATABASE', `The owner of ${what} ${id} is missing from the database.`);
}

/** A fragment without parameters, put together once. */
function text(fragment: SQL): SQL {
  return sql.raw(new PgDialect().sqlToQuery(fragment).sql);
}
