import { customType } from 'drizzle-orm/pg-core';
import type { Instant } from '../../plugin/index.ts';

/**
 * A point in time, kept as text with microseconds from the wire to the column and back: a `Date` would cut it
 * to milliseconds. Connections run in UTC, so PostgreSQL answers `2026-01-31 12:00:00.123456+00`.
 */
export const instant = customType<{ data: Instant; driverData: string }>({
  dataType: () => 'timestamp with time zone',
  fromDriver: toInstant,
});

/** PostgreSQL's text of a time in UTC → ISO 8601 with `Z`. */
export function toInstant(value: string): Instant {
  return value.replace(' ', 'T').replace(/\+00(:00)?$/, 'Z');
}

/** Text that sorts and compares by bytes, whatever the database's locale. */
export const bytewise = customType<{ data: string; driverData: string }>({
  dataType: () => 'text COLLATE "C"',
});
