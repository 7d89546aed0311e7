import { describe, expect, it } from 'vitest';
import { clientOrigin } from './forwarded.ts';

const settings = { trustedDownstream: new Set(['10.0.0.1', '10.0.0.2']), trustRealIp: true };
const from = (headers: Record<string, string>, more: Partial<typeof settings> = {}) =>
  clientOrigin({ remoteAddress: '::ffff:127.0.0.1', encrypted: false, headers }, { ...settings, ...more });

describe('W53: the address of the client', () => {
  it.each<[Record<string, string>, string]>([
    [{}, '127.0.0.1'],
    [{ 'x-forwarded-for': '192.0.2.7' }, '192.0.2.7'],
    [{ 'x-forwarded-for': '6.6.6.6, 192.0.2.7' }, '192.0.2.7'],
    [{ 'x-forwarded-for': '6.6.6.6, 192.0.2.7, 10.0.0.1,10.0.0.2' }, '192.0.2.7'],
    [{ 'x-forwarded-for': '10.0.0.2, 10.0.0.1' }, '10.0.0.2'],
    [{ 'x-forwarded-for': '::ffff:192.0.2.7' }, '192.0.2.7'],
    [{ 'x-forwarded-for': '2001:db8::1' }, '2001:db8::1'],
    [{ 'x-forwarded-for': 'unknown' }, '127.0.0.1'],
    [{ 'x-forwarded-for': '192.0.2.7\r\nlog: forged' }, '127.0.0.1'],
    [{ 'x-forwarded-for': '192.0.2.7', 'x-real-ip': '192.0.2.9' }, '192.0.2.9'],
    [{ 'x-forwarded-for': '192.0.2.7', 'x-real-ip': 'junk' }, '192.0.2.7'],
  ])('%j is %s', (headers, ip) => {
    expect(from(headers).ip).toBe(ip);
  });

  it('leaves X-Real-Ip alone where it is not trusted', () => {
    expect(from({ 'x-real-ip': '192.0.2.9' }, { trustRealIp: false }).ip).toBe('127.0.0.1');
  });
});

describe('W53: the scheme', () => {
  it.each<[Record<string, string>, string, string]>([
    [{}, 'http', 'http'],
    [{ 'x-forwarded-proto': 'https' }, 'https', 'https'],
    [{ 'x-forwarded-proto': 'https,http' }, 'http', 'https'],
    [{ 'x-scheme': 'https', 'x-forwarded-proto': 'http' }, 'https', 'https'],
    [{ 'x-forwarded-proto': 'ftp' }, 'http', 'http'],
    [{ forwarded: 'for=1.2.3.4;Proto="HTTPS", proto=http' }, 'http', 'https'],
    [{ forwarded: 'for=1.2.3.4, proto=https' }, 'http', 'http'],
    [{ forwarded: 'proto=gopher', 'x-forwarded-proto': 'https' }, 'https', 'https'],
  ])('%j: last hop %s, browser %s', (headers, scheme, browserScheme) => {
    expect(from(headers)).toMatchObject({ scheme, browserScheme });
  });

  it('is https on an encrypted connection', () => {
    const origin = clientOrigin({ remoteAddress: '127.0.0.1', encrypted: true, headers: {} }, settings);
    expect(origin).toMatchObject({ scheme: 'https', browserScheme: 'https' });
  });
});
