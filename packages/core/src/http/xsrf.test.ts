import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  anonymousIds,
  checkXsrf,
  cookieCounts,
  createXsrfToken,
  maySetXsrfCookie,
  type XsrfFacts,
  xsrfId,
  xsrfToken,
} from './xsrf.ts';

const secret = Buffer.alloc(32, 7);
const now = new Date('2026-11-22T00:00:00Z');
const days = (n: number) => new Date(now.getTime() + n * 86_400_000);

describe('W54: what a token is bound to', () => {
  it.each([
    [{ kind: 'login', sessionId: 's', loginId: 'l' } as const, 's:l'],
    [{ kind: 'login', sessionId: null, loginId: 'l' } as const, 'None:l'],
    [{ kind: 'anonymous', sessionId: 's', anonymousId: 'a' } as const, 's:a'],
    [{ kind: 'anonymous', sessionId: null, anonymousId: 'a' } as const, 'None:a'],
    [{ kind: 'service' } as const, ':'],
  ])('%j is %s', (owner, id) => {
    expect(xsrfId(owner)).toBe(id);
  });
});

describe('W54: the id of an anonymous visitor', () => {
  const id = anonymousIds({ headers: ['User-Agent', 'X-Other'], cidrs: ['10.0.0.0/8', 'fd00::/8'] });

  it('is the padded url-safe SHA-256 of address and headers', () => {
    const sum = createHash('sha256')
      .update(Buffer.concat([Buffer.from('192.0.2.1'), Buffer.from('curl'), Buffer.of(0xff, 0xff)]))
      .digest('base64')
      .replaceAll('+', '-')
      .replaceAll('/', '_');
    expect(id('192.0.2.1', { 'user-agent': 'curl' })).toBe(sum);
  });

  it('differs by address and by header', () => {
    const all = [
      id('192.0.2.1', { 'user-agent': 'a' }),
      id('192.0.2.2', { 'user-agent': 'a' }),
      id('192.0.2.1', { 'user-agent': 'b' }),
      id('192.0.2.1', { 'user-agent': '', 'x-other': 'a' }),
    ];
    expect(new Set(all).size).toBe(all.length);
  });

  it('is the same within a listed network', () => {
    expect(id('10.1.2.3', {})).toBe(id('10.9.9.9', {}));
    expect(id('fd00::1', {})).toBe(id('fd00::2', {}));
    expect(id('10.1.2.3', {})).not.toBe(id('11.1.2.3', {}));
    expect(id('', {})).not.toBe(id('10.1.2.3', {}));
  });

  it.each(['10.0.0.0', 'x/8', '10.0.0.0/99', '10.0.0.0/'])('%s is refused as a network', (cidr) => {
    expect(() => anonymousIds({ headers: [], cidrs: [cidr] })).toThrow(RangeError);
  });
});

describe('W55: the token of a request', () => {
  const mine = createXsrfToken(secret, 's:l', now);
  const foreign = createXsrfToken(Buffer.alloc(32, 8), 's:l', now);

  it('is unpadded base64url', () => {
    expect(mine).toMatch(/^[A-Za-z0-9_-]+$/);
  });

  it('is the one of the cookie when it fits', () => {
    expect(xsrfToken(secret, `a=b; _xsrf=${mine}`, 's:l', now)).toEqual({ token: mine, fits: true });
  });

  it('is the first whose signature verifies', () => {
    const header = `_xsrf=junk; _xsrf=${foreign}; _xsrf=${mine}`;
    expect(xsrfToken(secret, header, 's:l', now)).toEqual({ token: mine, fits: true });
  });

  it('is new when the first verified one belongs to somebody else, even if a later one fits', () => {
    const other = createXsrfToken(secret, 's:other', now);
    const found = xsrfToken(secret, `_xsrf=${other}; _xsrf=${mine}`, 's:l', days(1));
    expect(found.fits).toBe(false);
    expect(found.token).not.toBe(mine);
  });

  it('is new after 31 days', () => {
    expect(xsrfToken(secret, `_xsrf=${mine}`, 's:l', days(30)).fits).toBe(true);
    expect(xsrfToken(secret, `_xsrf=${mine}`, 's:l', days(32)).fits).toBe(false);
  });

  it('is new without a cookie, and then fits', () => {
    const { token, fits } = xsrfToken(secret, undefined, 's:l', now);
    expect(fits).toBe(false);
    expect(xsrfToken(secret, `_xsrf=${token}`, 's:l', now)).toEqual({ token, fits: true });
  });
});

const get: XsrfFacts = {
  surface: 'api',
  method: 'GET',
  caller: 'cookie',
  hasOrigin: false,
  fetchMode: undefined,
  fetchSite: undefined,
  submitted: undefined,
  expected: 'right',
};
const post: XsrfFacts = { ...get, method: 'POST' };
const page: XsrfFacts = { ...post, surface: 'page' };
const missing = (method: string) => `'_xsrf' argument missing from ${method}`;
const mismatch = 'XSRF cookie does not match POST argument';

describe('W61: who passes', () => {
  it.each<[string, XsrfFacts]>([
    ['a GET without Sec-Fetch headers', get],
    ['a GET by navigation', { ...get, fetchMode: 'navigate' }],
    ['a GET for an image of our own page', { ...get, fetchMode: 'no-cors', fetchSite: 'same-origin' }],
    ['a GET by fetch with the token', { ...get, fetchMode: 'cors', submitted: 'right' }],
    ['a POST with the token', { ...post, submitted: 'right' }],
    ['a POST by fetch with the token', { ...post, fetchMode: 'cors', submitted: 'right' }],
    ['R31: a POST from a foreign origin with the token', { ...post, hasOrigin: true, submitted: 'right' }],
    ['a websocket', { ...get, fetchMode: 'websocket' }],
    ['R25: a websocket, whatever its method', { ...post, fetchMode: 'websocket' }],
    ['R24: a POST by token', { ...post, caller: 'token' }],
    ['R24: a POST by token from a browser', { ...post, caller: 'token', hasOrigin: true, fetchMode: 'cors' }],
    ['R24: an anonymous GET without Origin', { ...get, caller: 'anonymous', fetchMode: 'cors' }],
    ['R24: an anonymous POST without Origin', { ...post, caller: 'anonymous' }],
    ['R23: HEAD', { ...get, method: 'HEAD', fetchMode: 'cors' }],
    ['R23: OPTIONS', { ...get, method: 'OPTIONS', fetchMode: 'cors', hasOrigin: true }],
    ['W58: a GET of a page by fetch', { ...page, method: 'GET', fetchMode: 'cors' }],
    ['a form of a page with the token', { ...page, submitted: 'right' }],
    ['an anonymous login form with the token', { ...page, caller: 'anonymous', submitted: 'right' }],
  ])('%s', (_, facts) => {
    expect(checkXsrf(facts)).toMatchObject({ ok: true });
  });
});

describe('W60: who does not, and is told', () => {
  it.each<[string, XsrfFacts, string]>([
    ['a GET of the same site', { ...get, fetchMode: 'no-cors', fetchSite: 'same-site' }, missing('GET')],
    ['a GET by fetch', { ...get, fetchMode: 'cors' }, missing('GET')],
    [
      'a GET in same-origin mode',
      { ...get, fetchMode: 'same-origin', fetchSite: 'same-origin' },
      missing('GET'),
    ],
    [
      'a GET with a wrong token',
      { ...get, fetchMode: 'cors', submitted: 'wrong' },
      'XSRF cookie does not match GET argument',
    ],
    ['a POST by navigation', { ...post, fetchMode: 'navigate' }, missing('POST')],
    ['a POST without Sec-Fetch headers', post, missing('POST')],
    ['a POST for an image', { ...post, fetchMode: 'no-cors', fetchSite: 'same-origin' }, missing('POST')],
    ['a POST with an empty token', { ...post, submitted: '' }, missing('POST')],
    ['a POST with a wrong token', { ...post, submitted: 'wrong' }, mismatch],
    ['PUT', { ...post, method: 'PUT' }, missing('PUT')],
    ['PATCH', { ...post, method: 'PATCH' }, missing('PATCH')],
    ['DELETE', { ...post, method: 'DELETE' }, missing('DELETE')],
    [
      'R24: an anonymous GET from a foreign page',
      { ...get, caller: 'anonymous', hasOrigin: true, fetchMode: 'cors' },
      missing('GET'),
    ],
    [
      'R24: an anonymous POST from a foreign page',
      { ...post, caller: 'anonymous', hasOrigin: true },
      missing('POST'),
    ],
    ['a form of a page', page, missing('POST')],
    ['an anonymous form of a page without Origin', { ...page, caller: 'anonymous' }, missing('POST')],
  ])('%s', (_, facts, message) => {
    expect(checkXsrf(facts)).toEqual({ ok: false, checked: true, status: 403, message });
  });
});

describe('R28, W62: the cookie is set', () => {
  it.each([
    [undefined, true],
    ['navigate', true],
    ['cors', false],
    ['same-origin', false],
    ['no-cors', false],
    ['websocket', false],
  ])('with Sec-Fetch-Mode %s: %s', (mode, expected) => {
    expect(maySetXsrfCookie(mode)).toBe(expected);
  });
});

describe('R30: a cookie counts', () => {
  it.each([
    ['POST', undefined, true],
    ['POST', 'application/json', true],
    ['POST', 'application/json; charset=utf-8', true],
    ['POST', 'text/plain', false],
    ['POST', 'application/x-www-form-urlencoded', false],
    ['POST', '', false],
    ['PUT', 'text/plain', true],
    ['PATCH', 'text/plain', true],
    ['DELETE', 'text/plain', true],
    ['GET', 'text/plain', true],
  ])('with %s and Content-Type %s: %s', (method, type, expected) => {
    expect(cookieCounts(method, type)).toBe(expected);
  });
});
