import { eq, sql } from 'drizzle-orm';
import type {
  CredentialOwner,
  CredentialStore,
  LoginCredential,
  TokenCredential,
} from '../../accounts/ports.ts';
import { HubError } from '../../plugin/index.ts';
import type { Database, Queryable } from '../database.ts';
import { toInstant } from '../tables/columns.ts';
import {
  groups,
  logins,
  memberships,
  oauthClients,
  services,
  settings,
  tokens,
  users,
} from '../tables/index.ts';
import { accessEpochKey } from './access-versions.ts';
import { clientColumns, clientOf, clientServer, clientServerOwner, clientService } from './client-facts.ts';

/** Looks up tokens and logins by the hash of their secret, prepared on each connection. */
export function postgresCredentials(db: Database): CredentialStore {
  const tokenProbe = perHandle((q) => selectToken(q).prepare('token_by_hash'));
  const loginProbe = perHandle((q) => selectLogin(q).prepare('login_by_hash'));

  return {
    async token(hash) {
      const [row] = await db.run((q) => tokenProbe(q).execute({ hash }));
      return row ? tokenCredential(row) : null;
    },
    async login(hash) {
      const [row] = await db.run((q) => loginProbe(q).execute({ hash }));
      return row ? loginCredential(row) : null;
    },
  };
}

const commonColumns = {
  accessEpoch: sql<
    string | null
  >`(SELECT ${settings.value} #>> '{}' FROM ${settings} WHERE ${settings.key} = ${accessEpochKey})`,
  now: sql<string>`hub_now()`.mapWith(toInstant),
  userId: users.id,
  userName: sql<string | null>`${users.name}`.as('user_name'),
  userAdmin: sql<boolean | null>`${users.admin}`.as('user_admin'),
  disabled: users.disabled,
  userCreated: sql<string>`${users.created}`.mapWith(toInstant).as('user_created'),
  userLastActivity: sql<string | null>`${users.lastActivity}`.mapWith(toInstant).as('user_last_activity'),
  userVersion: sql<string | null>`${users.accessVersion}`.as('user_version'),
  groups: sql<readonly string[]>`ARRAY(
    SELECT ${groups.name} FROM ${memberships} JOIN ${groups} ON ${groups.id} = ${memberships.groupId}
    WHERE ${memberships.userId} = ${users.id} ORDER BY 1)`,
};

/** The statement behind `token`; one index probe in each table. */
export function selectToken(q: Queryable) {
  return q
    .select({
      ...commonColumns,
      tokenId: tokens.id,
      scopes: tokens.scopes,
      note: tokens.note,
      sessionId: tokens.sessionId,
      lastUsed: sql<string | null>`${tokens.lastActivity}`.mapWith(toInstant).as('last_used'),
      // Most never expire: then the clock is not asked a second time.
      expired: sql<boolean | null>`${tokens.expiresAt} IS NOT NULL AND ${tokens.expiresAt} < hub_now()`,
      clientId: tokens.clientId,
      ...clientColumns,
      serviceId: sql<string | null>`${services.id}`.as('service_id'),
      serviceName: sql<string | null>`${services.name}`.as('service_name'),
      serviceAdmin: sql<boolean | null>`${services.admin}`.as('service_admin'),
      serviceVersion: sql<string | null>`${services.accessVersion}`.as('service_version'),
    })
    .from(tokens)
    .leftJoin(users, eq(users.id, tokens.userId))
    .leftJoin(services, eq(services.id, tokens.serviceId))
    .leftJoin(oauthClients, eq(oauthClients.identifier, tokens.clientId))
    .leftJoin(clientServer, eq(clientServer.id, oauthClients.serverId))
    .leftJoin(clientServerOwner, eq(clientServerOwner.id, clientServer.userId))
    .leftJoin(clientService, eq(clientService.id, oauthClients.serviceId))
    .where(eq(tokens.hash, sql.placeholder('hash')));
}

/** The statement behind `login`. */
export function selectLogin(q: Queryable) {
  return q
    .select({
      ...commonColumns,
      loginId: logins.id,
      sessionId: logins.sessionId,
      lastUsed: sql<string | null>`${logins.lastSeen}`.mapWith(toInstant).as('last_used'),
      expired: sql<boolean | null>`${logins.expiresAt} < hub_now()`,
    })
    .from(logins)
    .leftJoin(users, eq(users.id, logins.userId))
    .where(eq(logins.hash, sql.placeholder('hash')));
}

type TokenRow = Awaited<ReturnType<typeof selectToken>>[number];
type LoginRow = Awaited<ReturnType<typeof selectLogin>>[number];
type CommonRow = Pick<TokenRow, keyof typeof commonColumns>;

function tokenCredential(row: TokenRow): TokenCredential {
  const { tokenId, scopes, note, sessionId, clientId } = row;
  const owner = userOwner(row) ?? serviceOwner(row);
  return { tokenId, scopes, note, sessionId, clientId, client: clientOf(row), owner, ...seen(row) };
}

function loginCredential(row: LoginRow): LoginCredential {
  const { loginId, sessionId } = row;
  const owner = userOwner(row);
  if (!owner) throw missingOwner('login', loginId);
  return { loginId, sessionId, owner, ...seen(row) };
}

function seen(row: CommonRow & Pick<TokenRow, 'lastUsed' | 'expired'>) {
  return {
    lastUsed: row.lastUsed,
    expired: row.expired ?? false,
    now: row.now,
    accessEpoch: Number(row.accessEpoch ?? 0),
  };
}

function userOwner(row: CommonRow): Extract<CredentialOwner, { kind: 'user' }> | null {
  if (row.userId === null || row.userName === null) return null;
  return {
    kind: 'user',
    id: row.userId,
    name: row.userName,
    admin: row.userAdmin === true,
    disabled: row.disabled === true,
    groups: row.groups,
    created: row.userCreated,
    lastActivity: row.userLastActivity,
    accessVersion: Number(row.userVersion),
  };
}

function serviceOwner(row: TokenRow): CredentialOwner {
  if (row.serviceId === null || row.serviceName === null) throw missingOwner('token', row.tokenId);
  return {
    kind: 'service',
    id: Number(row.serviceId),
    name: row.serviceName,
    admin: row.serviceAdmin === true,
    accessVersion: Number(row.serviceVersion),
  };
}

function missingOwner(what: string, id: number): HubError {
  return new HubError('HUB_DATABASE', `The owner of ${what} ${id} is missing from the database.`);
}

/** Builds a statement once for the pool, and anew only for each transaction that asks for it. */
function perHandle<T>(build: (q: Queryable) => T): (q: Queryable) => T {
  const built = new WeakMap<Queryable, T>();
  return (q) => {
    const known = built.get(q) ?? build(q);
    built.set(q, known);
    return known;
  };
}
