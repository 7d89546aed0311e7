import { DateTime } from 'luxon';
import type { Instant } from '../plugin/index.ts';

/**
 * Any ISO-like text as an instant, `null` when it is none (R69): with an offset or without (then UTC), a date
 * alone, a blank instead of the `T`. Microseconds are kept, further digits cut.
 */
export function parseTimestamp(text: string): Instant | null {
  const trimmed = text.trim();
  if (!/^\d{4}-?\d{2}/.test(trimmed) || trimmed.length > 64) return null;
  const options = { zone: 'utc' };
  const iso = DateTime.fromISO(trimmed, options);
  const time = iso.isValid ? iso : DateTime.fromSQL(trimmed, options);
  // Outside of these years neither ISO 8601 nor the database has a four-digit form.
  if (!time.isValid || time.year < 1 || time.year > 9999) return null;
  return `${time.toFormat("yyyy-MM-dd'T'HH:mm:ss")}.${fraction(trimmed)}Z`;
}

/** Is `a` later than `b`? Instants may have any number of digits after the second. */
export function isLater(a: Instant, b: Instant): boolean {
  return sortable(a) > sortable(b);
}

/** The instant `minutes` later. */
export function addMinutes(instant: Instant, minutes: number): Instant {
  const moved = DateTime.fromISO(instant, { zone: 'utc' }).plus({ minutes });
  return `${moved.toFormat("yyyy-MM-dd'T'HH:mm:ss")}.${fraction(instant)}Z`;
}

// luxon counts milliseconds; the digits below a second are the same in every time zone.
function fraction(text: string): string {
  return (/:\d{2}[.,](\d+)/.exec(text)?.[1] ?? /T?\d{6}[.,](\d+)/.exec(text)?.[1] ?? '')
    .slice(0, 6)
    .padEnd(6, '0');
}

function sortable(instant: Instant): string {
  return instant.slice(0, 19) + fraction(instant);
}
