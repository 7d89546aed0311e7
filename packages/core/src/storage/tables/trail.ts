import { sql } from 'drizzle-orm';
import { bigint, index, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import type { JsonObject } from '../../plugin/index.ts';
import { instant } from './columns.ts';

/** The audit trail: append-only, one row per change a user would call one thing. */
export const audit = pgTable(
  'audit',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    at: instant().notNull().default(sql`hub_now()`),
    actorKind: text('actor_kind').notNull(),
    actor: text().notNull(),
    ip: text().notNull().default(''),
    action: text().notNull(),
    target: text().notNull(),
    details: jsonb().$type<JsonObject>().notNull().default({}),
  },
  (table) => [index('audit_at').on(table.at), index('audit_target').on(table.target, table.id)],
);
