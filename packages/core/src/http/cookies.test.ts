import { describe, expect, it } from 'vitest';
import { type CookieSettings, cookieValues, createHubCookies } from './cookies.ts';
import { createSignedValue } from './signed-value.ts';

const now = new Date('2026-11-22T00:00:00Z');
const later = (days: number) => new Date(now.getTime() + days * 86_400_000);
const http = { secure: false, now };
const https = { secure: true, now };
const settings: CookieSettings = {
  secret: Buffer.alloc(32, 1),
  basePath: '/pre/',
  hubPath: '/pre/hub/',
  maxAgeDays: 14,
  hostPrefix: false,
  sessionDomain: null,
  options: {},
};
const session = '0123456789abcdef0123456789abcdef';
const month = 'Tue, 22 Dec 2026 00:00:00 GMT';
const past = 'Thu, 01 Jan 1970 00:00:00 GMT';
const cookie = (setCookie: string) => setCookie.split(';')[0];
const attributes = (setCookie: string) => setCookie.split('; ').slice(1).sort();

describe('W42: the login cookie', () => {
  const cookies = createHubCookies(settings);

  it('is HttpOnly, below the hub, for 30 days', () => {
    expect(attributes(cookies.setLogin('id', http))).toEqual(
      [`Expires=${month}`, 'HttpOnly', 'Path=/pre/hub/'].sort(),
    );
  });

  it('is Secure on https', () => {
    expect(attributes(cookies.setLogin('id', https))).toContain('Secure');
  });

  it('holds the quoted signed value and is read back', () => {
    const pair = cookie(cookies.setLogin('id', http));
    expect(pair).toMatch(
      /^jupyterhub-hub-login="2\|1:0\|10:\d{10}\|20:jupyterhub-hub-login\|4:aWQ=\|[0-9a-f]{64}"$/,
    );
    expect(cookies.readLogin(pair, now)).toEqual({ kind: 'login', id: 'id' });
  });

  it('is accepted for 14 days from its signature, whatever the browser keeps', () => {
    const pair = cookie(cookies.setLogin('id', http));
    expect(cookies.readLogin(pair, later(14)).kind).toBe('login');
    expect(cookies.readLogin(pair, later(14.1)).kind).toBe('spoiled');
  });

  it.each([
    [undefined, 'absent'],
    ['other=1', 'absent'],
    ['jupyterhub-hub-login=', 'spoiled'],
    ['jupyterhub-hub-login=junk', 'spoiled'],
    [`jupyterhub-hub-login="${createSignedValue(settings.secret, '_xsrf', 'id', now)}"`, 'spoiled'],
  ])('%s is %s', (header, kind) => {
    expect(cookies.readLogin(header, now).kind).toBe(kind);
  });

  it('W45: is cleared where it was set', () => {
    expect(cookies.clearLogin()).toBe(`jupyterhub-hub-login=; Path=/pre/hub/; Expires=${past}`);
  });
});

describe('W50: with the __Host- prefix', () => {
  const cookies = createHubCookies({ ...settings, hostPrefix: true, options: { domain: 'hub.test' } });

  it('the login cookie has Path=/ and Secure and no domain', () => {
    const set = cookies.setLogin('id', http);
    expect(cookie(set)).toContain('|27:__Host-jupyterhub-hub-login|');
    expect(attributes(set)).toEqual([`Expires=${month}`, 'HttpOnly', 'Path=/', 'Secure'].sort());
    expect(cookies.readLogin(cookie(set), now)).toEqual({ kind: 'login', id: 'id' });
  });

  it('clearing repeats Path=/ and Secure', () => {
    expect(attributes(cookies.clearLogin())).toEqual([`Expires=${past}`, 'Path=/', 'Secure']);
  });

  it('session id and _xsrf keep their names and paths', () => {
    expect(cookies.setSessionId(session, http)).toMatch(/^jupyterhub-session-id=.*Path=\/pre\/;/);
    expect(cookies.setXsrf('t', false, now)).toMatch(/^_xsrf=t;.*Path=\/pre\/hub\//);
  });
});

describe('W42: the session id', () => {
  const cookies = createHubCookies(settings);

  it('is unsigned, HttpOnly, below the base path, until the browser is closed', () => {
    expect(cookies.setSessionId(session, http)).toBe(
      `jupyterhub-session-id=${session}; Path=/pre/; HttpOnly`,
    );
    expect(cookies.setSessionId(session, https)).toContain('; Secure');
  });

  it('has the common domain of users with subdomains, also when cleared', () => {
    const cookies = createHubCookies({ ...settings, sessionDomain: 'hub.test' });
    expect(cookies.setSessionId(session, http)).toContain('Domain=hub.test');
    expect(cookies.clearSessionId()).toContain('Domain=hub.test');
    expect(cookies.setLogin('id', http)).not.toContain('Domain');
  });

  it.each([
    [`jupyterhub-session-id=${session}`, session],
    ['jupyterhub-session-id=<script>', null],
    [undefined, null],
  ])('%s is read as %s', (header, expected) => {
    expect(cookies.readSessionId(header)).toBe(expected);
  });
});

describe('W42: the XSRF cookie', () => {
  const cookies = createHubCookies(settings);

  it('can be read by scripts and lasts an hour for strangers', () => {
    expect(cookies.setXsrf('t', true, now)).toBe('_xsrf=t; Max-Age=3600; Path=/pre/hub/');
    expect(cookies.setXsrf('t', false, now)).toBe('_xsrf=t; Path=/pre/hub/');
  });

  it('is cleared at its path', () => {
    expect(cookies.clearXsrf()).toBe(`_xsrf=; Path=/pre/hub/; Expires=${past}`);
    expect(cookies.clearServices()).toBe(`jupyterhub-services=; Path=/pre/services; Expires=${past}`);
  });
});

describe('W49: cookie options', () => {
  it('go to every cookie', () => {
    const cookies = createHubCookies({
      ...settings,
      options: { sameSite: 'lax', secure: true, expiresDays: 1 },
    });
    for (const set of [
      cookies.setLogin('id', http),
      cookies.setSessionId(session, http),
      cookies.setXsrf('t', false, now),
    ]) {
      expect(attributes(set)).toEqual(
        expect.arrayContaining(['SameSite=Lax', 'Secure', 'Expires=Mon, 23 Nov 2026 00:00:00 GMT']),
      );
    }
  });

  it('null days end the login with the browser', () => {
    const cookies = createHubCookies({ ...settings, options: { expiresDays: null } });
    expect(cookies.setLogin('id', http)).not.toContain('Expires');
  });
});

describe("a plugin's cookie", () => {
  const cookies = createHubCookies(settings);

  it('is signed, HttpOnly and read back within its age', () => {
    const set = cookies.setSigned('state', 'väl|ue', '/pre/hub/auth/x/', 60, https);
    expect(attributes(set)).toEqual([
      'HttpOnly',
      'Max-Age=60',
      'Path=/pre/hub/auth/x/',
      'SameSite=Lax',
      'Secure',
    ]);
    expect(cookies.readSigned(cookie(set), 'state', 1, now)).toBe('väl|ue');
    expect(cookies.readSigned(cookie(set), 'state', 1, later(2))).toBeNull();
    expect(cookies.readSigned('state=x', 'state', 1, now)).toBeNull();
  });
});

describe('the Cookie header', () => {
  it('gives all values of a name in order', () => {
    expect(cookieValues('_xsrf=1; b=2;_xsrf="3" ; __proto__=x', '_xsrf')).toEqual(['1', '3']);
    expect(cookieValues('_xsrf', '_xsrf')).toEqual([]);
    expect(cookieValues('__proto__=x', 'constructor')).toEqual([]);
  });
});
