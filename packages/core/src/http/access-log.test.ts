import { describe, expect, it } from 'vitest';
import {
  type AccessEntry,
  accessLevel,
  accessLine,
  logAccess,
  scrubHeaders,
  scrubUrl,
} from './access-log.ts';

const entry: AccessEntry = {
  status: 200,
  method: 'GET',
  url: '/hub/home',
  location: undefined,
  user: 'ada',
  ip: '192.0.2.1',
  ms: 12.345,
  headers: {},
  quiet: false,
};

describe('P732: the access line', () => {
  it('has status, method, address, user and time', () => {
    expect(accessLine(entry)).toBe('200 GET /hub/home (ada@192.0.2.1) 12.35ms');
  });

  it('names where a redirect leads, without its code', () => {
    const line = accessLine({
      ...entry,
      status: 302,
      user: '',
      location: '/user/ada/oauth_callback?code=x&state=y',
    });
    expect(line).toBe(
      '302 GET /hub/home -> /user/ada/oauth_callback?code=[secret]&state=[secret] (@192.0.2.1) 12.35ms',
    );
  });
});

describe('P732: its level', () => {
  it.each<[Partial<AccessEntry>, string]>([
    [{}, 'info'],
    [{ status: 302 }, 'info'],
    [{ status: 304 }, 'debug'],
    [{ status: 304, ms: 1001 }, 'info'],
    [{ quiet: true }, 'debug'],
    [{ quiet: true, ms: 1001 }, 'info'],
    [{ quiet: true, status: 404 }, 'warn'],
    [{ status: 400 }, 'warn'],
    [{ status: 500 }, 'error'],
    [{ status: 503 }, 'error'],
  ])('%j is %s', (change, level) => {
    expect(accessLevel({ ...entry, ...change })).toBe(level);
  });
});

describe('P733: addresses in logs', () => {
  it.each([
    ['/hub/api/users', '/hub/api/users'],
    ['/x?a=1&_xsrf=2&b', '/x?a=1&_xsrf=[secret]&b'],
    ['/x?client_secret=1&password=2', '/x?client_secret=[secret]&password=[secret]'],
    ['/x?API_Key=1&oauth_state=2&token', '/x?API_Key=[secret]&oauth_state=[secret]&token'],
    ['/x?%74oken=1', '/x?%74oken=[secret]'],
    ['/x?next=%2Fa%3Fcode%3D1', '/x?next=[secret]'],
    ['/x?next=%2Fa%3Fb%3D1', '/x?next=%2Fa%3Fb%3D1'],
    ['/hub/api/authorizations/token/abc', '/hub/api/authorizations/token/[secret]'],
    ['/hub/api/authorizations/cookie/name/abc', '/hub/api/authorizations/cookie/name/[secret]'],
    ['/x?a=%zz', '/x?a=%zz'],
    ['/\u001b[31m\u00e9', '/\\u001b[31m\\u00e9'],
  ])('%j are shown as %j', (url, shown) => {
    expect(scrubUrl(url)).toBe(shown);
  });

  it('are cut', () => {
    expect(scrubUrl(`/${'x'.repeat(5000)}`)).toHaveLength(1025);
  });
});

describe('P733: headers in logs', () => {
  it('keep schemes and names, and lose values that are secret', () => {
    expect(
      scrubHeaders({
        authorization: 'token abc',
        'proxy-authorization': 'abc',
        cookie: 'a=1; b="2"',
        referer: '/x?token=1',
        'x-xsrftoken': 'abc',
        'user-agent': 'curl',
      }),
    ).toEqual({
      authorization: 'token [secret]',
      'proxy-authorization': '[secret]',
      cookie: 'a=[secret]; b=[secret]',
      referer: '/x?token=[secret]',
      'x-xsrftoken': '[secret]',
      'user-agent': 'curl',
    });
  });

  it.each([
    [500, true],
    [502, false],
    [503, false],
    [404, false],
  ])('are there with status %i: %s', (status, expected) => {
    const seen: object[] = [];
    const keep = (fields: object) => void seen.push(fields);
    const log = { trace: keep, debug: keep, info: keep, warn: keep, error: keep, child: () => log };
    logAccess(log, { ...entry, status, headers: { authorization: 'token abc' } });
    expect('headers' in (seen[0] ?? {})).toBe(expected);
    expect(JSON.stringify(seen)).not.toContain('abc');
  });
});
