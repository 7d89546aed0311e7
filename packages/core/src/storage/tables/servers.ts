import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  integer,
  jsonb,
  pgTable,
  primaryKey,
  text,
  unique,
} from 'drizzle-orm/pg-core';
import type { JsonObject, JsonValue } from '../../plugin/index.ts';
import type { Failure, Phase } from '../../servers/server.ts';
import { bytewise, instant } from './columns.ts';
import { hubs } from './hubs.ts';
import { groups, users } from './users.ts';

/** One server of one user. Each change of `phase` is a compare-and-set on `fence` and `phase`. */
export const servers = pgTable(
  'servers',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    userId: bigint('user_id', { mode: 'number' })
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    /** `''` is the default server. */
    name: bytewise().notNull(),
    displayName: text('display_name').notNull().default(''),
    phase: text().$type<Phase>().notNull().default('stopped'),
    /** Counts starts; only grows. */
    attempt: integer().notNull().default(0),
    /** Rises with each change of owner or phase. */
    fence: bigint({ mode: 'number' }).notNull().default(0),
    owner: text().references(() => hubs.id, { onDelete: 'set null' }),
    /** Id of the spawner instance that started it last. */
    spawner: text().notNull(),
    /** Host its process is bound to, for spawners of local processes. */
    host: text(),
    userOptions: jsonb('user_options').$type<JsonObject>(),
    state: jsonb().$type<JsonValue>(),
    /** Origin where hub and proxy reach it. */
    target: text(),
    tokenId: bigint('token_id', { mode: 'number' }),
    oauthClientId: text('oauth_client_id').unique('servers_oauth_client'),
    /** 0: asked by the owner; 1: an administrator's bulk start, behind all others. */
    queueClass: integer('queue_class').notNull().default(0),
    requestedAt: instant('requested_at'),
    queuedAt: instant('queued_at'),
    startingAt: instant('starting_at'),
    readyAt: instant('ready_at'),
    stoppingAt: instant('stopping_at'),
    takeOvers: integer('take_overs').notNull().default(0),
    failure: jsonb().$type<Failure>(),
    /** The row goes once it is stopped. */
    removeWhenStopped: boolean('remove_when_stopped').notNull().default(false),
    stopTries: integer('stop_tries').notNull().default(0),
    retryAt: instant('retry_at'),
    /** `X-JupyterHub-Version` of the server's answer. */
    peerVersion: text('peer_version'),
    lastActivity: instant('last_activity'),
    created: instant().notNull().default(sql`hub_now()`),
  },
  (table) => [
    unique('servers_user_name').on(table.userId, table.name),
    check('servers_phase', sql`${table.phase} IN ('stopped', 'queued', 'starting', 'ready', 'stopping')`),
    check('servers_ready_has_target', sql`${table.phase} <> 'ready' OR ${table.target} IS NOT NULL`),
    index('servers_active').on(table.phase, table.id).where(sql`${table.phase} <> 'stopped'`),
    index('servers_queue')
      .on(table.queueClass, table.queuedAt, table.id)
      .where(sql`${table.phase} = 'queued'`),
    index('servers_owned').on(table.owner).where(sql`${table.phase} IN ('starting', 'stopping')`),
  ],
);

/** What happened during an attempt, in order: the progress stream, kept so that late watchers get it whole. */
export const serverEvents = pgTable(
  'server_events',
  {
    serverId: bigint('server_id', { mode: 'number' })
      .notNull()
      .references(() => servers.id, { onDelete: 'cascade' }),
    attempt: integer().notNull(),
    seq: integer().notNull(),
    event: jsonb().$type<JsonObject>().notNull(),
    at: instant().notNull().default(sql`hub_now()`),
  },
  (table) => [primaryKey({ columns: [table.serverId, table.attempt, table.seq] })],
);

export const shares = pgTable(
  'shares',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    serverId: bigint('server_id', { mode: 'number' })
      .notNull()
      .references(() => servers.id, { onDelete: 'cascade' }),
    userId: bigint('user_id', { mode: 'number' }).references(() => users.id, { onDelete: 'cascade' }),
    groupId: bigint('group_id', { mode: 'number' }).references(() => groups.id, { onDelete: 'cascade' }),
    /** Without filter; `!server=owner/name` is added when read, so a rename cannot leave them behind. */
    scopes: jsonb().$type<readonly string[]>().notNull(),
    createdAt: instant('created_at').notNull().default(sql`hub_now()`),
    expiresAt: instant('expires_at'),
  },
  (table) => [
    check('shares_one_target', sql`(${table.userId} IS NULL) <> (${table.groupId} IS NULL)`),
    unique('shares_server_user').on(table.serverId, table.userId),
    unique('shares_server_group').on(table.serverId, table.groupId),
    index('shares_user').on(table.userId),
    index('shares_group').on(table.groupId),
  ],
);

export const shareCodes = pgTable(
  'share_codes',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    serverId: bigint('server_id', { mode: 'number' })
      .notNull()
      .references(() => servers.id, { onDelete: 'cascade' }),
    hash: text().notNull().unique('share_codes_hash'),
    scopes: jsonb().$type<readonly string[]>().notNull(),
    exchangeCount: integer('exchange_count').notNull().default(0),
    lastExchangedAt: instant('last_exchanged_at'),
    createdAt: instant('created_at').notNull().default(sql`hub_now()`),
    expiresAt: instant('expires_at').notNull(),
  },
  (table) => [
    index('share_codes_server').on(table.serverId),
    index('share_codes_expiry').on(table.expiresAt),
  ],
);
