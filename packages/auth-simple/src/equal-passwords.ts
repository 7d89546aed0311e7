import { createHash, timingSafeEqual } from 'node:crypto';

/** Compares in a time that depends on neither text; an absent or empty password equals nothing. */
export function equalPasswords(given: string, expected: string | undefined): boolean {
  const equal = timingSafeEqual(digest(given), digest(expected ?? ''));
  return equal && given !== '' && expected !== undefined;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text, 'utf8').digest();
}
