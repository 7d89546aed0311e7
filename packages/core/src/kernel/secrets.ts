import { createHash, timingSafeEqual } from 'node:crypto';
import { HubError, type JsonValue, token } from '../plugin/index.ts';

/**
 * Plain SHA-256 as hex: how secrets of 128 random bits and more are stored and looked up. They need no slow
 * hash, and an equal digest finds the row by one index probe.
 */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret, 'utf8').digest('hex');
}

/** Compares two texts in constant time, whatever their lengths. */
export function equalSecrets(a: string, b: string): boolean {
  return timingSafeEqual(
    createHash('sha256').update(a, 'utf8').digest(),
    createHash('sha256').update(b, 'utf8').digest(),
  );
}

/** Encryption at rest: the first key encrypts, all decrypt. */
export interface Sealer {
  /** False when no key is configured. */
  readonly available: boolean;
  seal(value: JsonValue): Promise<string>;
  /** `null` when no key fits or the text is damaged. `stale`: sealed with another key than the first. */
  open(sealed: string): Promise<{ readonly value: JsonValue; readonly stale: boolean } | null>;
}
export const Sealer = token<Sealer>('Sealer');

/** Stands where no key is configured: nothing can be kept encrypted, and nothing opened. */
export const withoutKeys: Sealer = {
  available: false,
  async seal() {
    throw new HubError('HUB_INTERNAL', 'There is no encryption key.');
  },
  open: async () => null,
};
