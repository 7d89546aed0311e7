import { createHmac } from 'node:crypto';
import type { KeyFingerprints, SecretFingerprint } from '../storage/secret-fingerprints.ts';
import type { CookieSecret } from './cookie-secret.ts';
import type { CryptKeys } from './crypt-keys.ts';

/**
 * What hubs on one database compare, instead of the secret itself: an HMAC of a constant, from which nothing of
 * the secret can be learned (design 5a, "Secrets").
 */
export function fingerprintOfCookieSecret({ bytes, from }: CookieSecret): SecretFingerprint {
  return {
    key: 'fingerprint_of_cookie_secret',
    what: 'cookie secret',
    from,
    fingerprint: fingerprint(bytes, 'hub: fingerprint of the cookie secret'),
  };
}

/** The same of each encryption key, the one that encrypts first. */
export function fingerprintsOfCryptKeys({ keys, from }: CryptKeys): KeyFingerprints {
  return { from, fingerprints: keys.map((key) => fingerprint(key, 'hub: fingerprint of an encryption key')) };
}

function fingerprint(secret: Uint8Array, constant: string): string {
  return createHmac('sha256', secret).update(constant).digest('hex');
}
