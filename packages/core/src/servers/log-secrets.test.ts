import { describe, expect, it } from 'vitest';
import { withoutSecrets } from './log-secrets.ts';

const token = '0123456789abcdef0123456789abcdef';
const password = 'correct "horse"\\ é+/=';

describe('a log that is shown', () => {
  it.each([
    ['as it is', password],
    ['in an address', encodeURIComponent(password)],
    ['in a form', new URLSearchParams({ x: password }).toString().slice(2)],
    ['in JSON', JSON.stringify(password).slice(1, -1)],
    ['in base64', Buffer.from(password).toString('base64')],
    ['in base64 for addresses', Buffer.from(password).toString('base64url')],
    ['in hexadecimal digits', Buffer.from(password).toString('hex')],
  ])('holds no secret %s', (_, written) => {
    expect(withoutSecrets(`a ${written} b`, [password])).toBe('a [secret] b');
  });

  it('holds no part of one that is being written, or whose beginning was cut away', () => {
    expect(withoutSecrets(`started with ${token.slice(0, 31)}`, [token])).toBe('started with [secret]');
    expect(withoutSecrets(`${token.slice(1)} is mine`, [token])).toBe('[secret] is mine');
    const key = [
      '-----BEGIN PRIVATE KEY-----',
      'A'.repeat(64),
      'B'.repeat(64),
      '-----END PRIVATE KEY-----',
    ].join('\n');
    expect(withoutSecrets(`${key.slice(30)}\nup`, [key])).toBe('[secret]\nup');
    expect(withoutSecrets(`dump: ${key.slice(0, 100)}`, [key])).toBe('dump: [secret]');
    // Half a word that happens to end like one is no secret.
    expect(withoutSecrets('abcdef\nready 012345', [token])).toBe('abcdef\nready 012345');
  });

  it('takes no longer over a log that is made to be hard', () => {
    const began = performance.now();
    const secrets = Array.from({ length: 20 }, (_, n) => `${'a'.repeat(1_000)}${n}`);
    for (const piece of ['a', ' ', '/', '//a:', 'cookie:', 'token=', 'authorization: token ', '\n'])
      withoutSecrets(piece.repeat(66_000 / piece.length), secrets);
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});
