import { bigint, index, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import type { JsonValue } from '../../plugin/index.ts';
import { instant } from './columns.ts';

/** One row per run of a hub. Its lease says whether it lives. */
export const hubs = pgTable(
  'hubs',
  {
    id: text().primaryKey(),
    host: text().notNull(),
    place: text().notNull(),
    pid: integer().notNull(),
    processStart: text('process_start').notNull(),
    version: text().notNull(),
    /** Where this hub itself listens, for the proxy's `/` route. */
    listenUrl: text('listen_url').notNull(),
    /** What servers and services are given; the same in all live hubs. */
    connectUrl: text('connect_url').notNull(),
    /** Hash per key of the configuration, to name what differs. */
    configuration: jsonb().$type<Record<string, string>>().notNull().default({}),
    /** Fingerprints of its encryption keys: live hubs need one in common. */
    cryptKeys: jsonb('crypt_keys').$type<readonly string[]>().notNull().default([]),
    spawners: jsonb().$type<readonly string[]>().notNull().default([]),
    startedAt: instant('started_at').notNull(),
    leaseUntil: instant('lease_until').notNull(),
  },
  (table) => [index('hubs_lease').on(table.leaseUntil)],
);

/** A duty that one hub at a time has. */
export const leases = pgTable('leases', {
  name: text().primaryKey(),
  owner: text().references(() => hubs.id, { onDelete: 'set null' }),
  fence: bigint({ mode: 'number' }).notNull().default(0),
});

/** Single values all hubs share: `access_epoch`, fingerprints of secrets, a test clock's offset. */
export const settings = pgTable('settings', {
  key: text().primaryKey(),
  value: jsonb().$type<JsonValue>().notNull(),
});
