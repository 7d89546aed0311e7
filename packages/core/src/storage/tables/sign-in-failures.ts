import { sql } from 'drizzle-orm';
import { bigint, index, pgTable, primaryKey, text } from 'drizzle-orm/pg-core';
import { instant } from './columns.ts';

/**
 * Failed sign-ins by account, by address, and by the place where an account is known: what slows down who guesses
 * passwords, on every hub. A row of kind `place` says that the account signed in from there.
 */
export const signInFailures = pgTable(
  'sign_in_failures',
  {
    kind: text({ enum: ['account', 'address', 'place'] }).notNull(),
    /** Keyed digest of the account's name, of the network, or of both: no list of who tried. */
    key: text().notNull(),
    failures: bigint({ mode: 'number' }).notNull(),
    /** Tries under way: when each counts no more, should its hub die. */
    trying: instant().array().notNull().default(sql`'{}'`),
    /** The last failure, or for a place also the last success. */
    changed: instant().notNull(),
    /** Until then nothing is tried; null while there were few. */
    blockedUntil: instant('blocked_until'),
  },
  (table) => [
    primaryKey({ columns: [table.kind, table.key] }),
    index('sign_in_failures_age').on(table.changed),
  ],
);
