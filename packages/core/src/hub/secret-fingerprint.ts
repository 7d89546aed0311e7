import { createHmac } from 'node:crypto';
import type { SecretFingerprint } from '../storage/secret-fingerprints.ts';
import type { CookieSecret } from './cookie-secret.ts';

/**
 * What hubs on one database compare, instead of the secret itself: an HMAC of a constant, from which nothing of
 * the secret can be learned (design 5a, "Secrets").
 */
export function fingerprintOfCookieSecret({ bytes, from }: CookieSecret): SecretFingerprint {
  return {
    key: 'fingerprint_of_cookie_secret',
    what: 'cookie secret',
    from,
    fingerprint: createHmac('sha256', bytes).update('hub: fingerprint of the cookie secret').digest('hex'),
  };
}
