import { bigint, index, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';

/** Failed sign-ins by account and by address: what slows down who guesses passwords, on every hub. */
export const signInFailures = pgTable(
  'sign_in_failures',
  {
    kind: text({ enum: ['account', 'address'] }).notNull(),
    /** SHA-256 of the account's name or of the address: no list of who tried. */
    key: text().notNull(),
    failures: bigint({ mode: 'number' }).notNull(),
    lastFailure: instant('last_failure').notNull(),
    /** Until then nothing is tried; null while there were few. */
    blockedUntil: instant('blocked_until'),
  },
  (table) => [
    primaryKey({ columns: [table.kind, table.key] }),
    index('sign_in_failures_age').on(table.lastFailure),
  ],
);
