import { sql } from 'drizzle-orm';
import { bigint, check, index, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import { bytewise, instant } from './columns.ts';
import { services, users } from './users.ts';

const userId = () =>
  bigint('user_id', { mode: 'number' }).references(() => users.id, { onDelete: 'cascade' });
const serviceId = () =>
  bigint('service_id', { mode: 'number' }).references(() => services.id, { onDelete: 'cascade' });

/** An application that may ask for tokens (W65). `jupyterhub` owns ordinary API tokens. */
export const oauthClients = pgTable(
  'oauth_clients',
  {
    identifier: text().primaryKey(),
    description: text().notNull().default(''),
    /** SHA-256 of the secret; null can never authenticate. */
    secretHash: text('secret_hash'),
    redirectUri: text('redirect_uri').notNull().default(''),
    allowedScopes: jsonb('allowed_scopes').$type<readonly string[]>().notNull().default([]),
    serviceId: serviceId(),
    /** The server that owns it; rows go with the server. No foreign key here, `servers` points the other way. */
    serverId: bigint('server_id', { mode: 'number' }),
  },
  (table) => [
    index('oauth_clients_server').on(table.serverId),
    index('oauth_clients_service').on(table.serviceId),
  ],
);

export const tokens = pgTable(
  'tokens',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    userId: userId(),
    serviceId: serviceId(),
    /** SHA-256 of the token, the one way to find it. */
    hash: text().notNull().unique('tokens_hash'),
    /** First characters in clear, for display. */
    prefix: text().notNull(),
    clientId: text('client_id')
      .notNull()
      .references(() => oauthClients.identifier, { onDelete: 'cascade' }),
    /** Binds it to a browser's login: logout deletes it (R167). */
    sessionId: text('session_id'),
    /**
     * The login whose browser asked for it: it is good only as long as that lives. Not a foreign key: a login that
     * ends while a code is redeemed would wait for it in a circle.
     */
    loginId: bigint('login_id', { mode: 'number' }),
    note: text().notNull().default(''),
    scopes: jsonb().$type<readonly string[]>().notNull().default([]),
    created: instant().notNull().default(sql`hub_now()`),
    expiresAt: instant('expires_at'),
    lastActivity: instant('last_activity'),
  },
  (table) => [
    check('tokens_one_owner', sql`(${table.userId} IS NULL) <> (${table.serviceId} IS NULL)`),
    index('tokens_user').on(table.userId),
    index('tokens_service').on(table.serviceId),
    index('tokens_client').on(table.clientId),
    index('tokens_session').on(table.sessionId).where(sql`${table.sessionId} IS NOT NULL`),
    index('tokens_login').on(table.loginId).where(sql`${table.loginId} IS NOT NULL`),
    index('tokens_expiry').on(table.expiresAt).where(sql`${table.expiresAt} IS NOT NULL`),
  ],
);

/** An authorisation code, stored hashed; redeeming deletes it (W75). */
export const oauthCodes = pgTable(
  'oauth_codes',
  {
    hash: text().primaryKey(),
    clientId: text('client_id')
      .notNull()
      .references(() => oauthClients.identifier, { onDelete: 'cascade' }),
    userId: bigint('user_id', { mode: 'number' })
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    sessionId: text('session_id'),
    loginId: bigint('login_id', { mode: 'number' }),
    redirectUri: text('redirect_uri').notNull(),
    scopes: jsonb().$type<readonly string[]>().notNull(),
    codeChallenge: text('code_challenge'),
    codeChallengeMethod: text('code_challenge_method'),
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [
    index('oauth_codes_client').on(table.clientId),
    index('oauth_codes_user').on(table.userId),
    index('oauth_codes_expiry').on(table.expiresAt),
  ],
);

/** A browser that is signed in. The signed cookie holds the id; the row holds its hash (W44). */
export const logins = pgTable(
  'logins',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    hash: text().notNull().unique('logins_hash'),
    userId: bigint('user_id', { mode: 'number' })
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    authenticator: text().notNull(),
    /** Whom the authenticator knows there, and its name for the session: log-outs at the provider name either. */
    subject: bytewise(),
    providerSession: text('provider_session'),
    sessionId: text('session_id'),
    userAgent: text('user_agent').notNull().default(''),
    ip: text().notNull().default(''),
    created: instant().notNull().default(sql`hub_now()`),
    lastSeen: instant('last_seen'),
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [
    index('logins_user').on(table.userId),
    index('logins_expiry').on(table.expiresAt),
    index('logins_subject').on(table.authenticator, table.subject),
    index('logins_provider_session')
      .on(table.authenticator, table.providerSession)
      .where(sql`${table.providerSession} IS NOT NULL`),
  ],
);
