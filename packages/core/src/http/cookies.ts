import { parseCookie, type SetCookie, stringifySetCookie } from 'cookie';
import { createSignedValue, quoteCookieValue, readSignedValue, unquoteCookieValue } from './signed-value.ts';

/** What the operator may add to every cookie of the hub (W49, `cookie_options`). */
export interface CookieOptions {
  readonly sameSite?: 'lax' | 'strict' | 'none' | undefined;
  /** Days a browser keeps cookies; `null`: until it is closed. */
  readonly expiresDays?: number | null | undefined;
  readonly secure?: boolean | undefined;
  readonly domain?: string | undefined;
  readonly partitioned?: boolean | undefined;
}

/** The hub's cookie settings. */
export interface CookieSettings {
  readonly secret: Uint8Array;
  /** Prefix of everything (`B`). */
  readonly basePath: string;
  /** Prefix of the hub's pages (`H`). */
  readonly hubPath: string;
  /** Days a login is accepted after it was signed (`cookie_max_age_days`, 14). */
  readonly maxAgeDays: number;
  /** W50: `__Host-` before the name of the login cookie. */
  readonly hostPrefix: boolean;
  /** W42: the domain of all users' hosts, which also see the session id; only with subdomains. */
  readonly sessionDomain: string | null;
  readonly options: CookieOptions;
}

/** Facts of one request that cookies depend on. */
export interface CookieMoment {
  /** W52: the scheme of the public URL, else of the request, is https. */
  readonly secure: boolean;
  readonly now: Date;
}

/** A login cookie as a request brought it. `spoiled`: there is one, and it is not or no longer valid. */
export type LoginCookie =
  | { readonly kind: 'absent' | 'spoiled' }
  | { readonly kind: 'login'; readonly id: string };

/** Every cookie of the hub, by the table of W42. Setters answer with the text of a `Set-Cookie` header. */
export interface HubCookies {
  readonly settings: CookieSettings;
  readLogin(header: string | undefined, now: Date): LoginCookie;
  setLogin(loginId: string, moment: CookieMoment): string;
  clearLogin(): string;
  /** The session id (32 hex digits, unsigned), or `null` when there is none or it is not of that form. */
  readSessionId(header: string | undefined): string | null;
  setSessionId(id: string, moment: CookieMoment): string;
  clearSessionId(): string;
  /** An anonymous token lives an hour, a signed-in one until the browser is closed (R28). */
  setXsrf(token: string, anonymous: boolean, now: Date): string;
  clearXsrf(): string;
  /** Never set by us; peers expect logout to clear it (W47). */
  clearServices(): string;
  /** A signed, HttpOnly cookie of a plugin. `maxAge` in seconds. */
  setSigned(name: string, value: string, path: string, maxAge: number, moment: CookieMoment): string;
  readSigned(header: string | undefined, name: string, maxAgeDays: number, now: Date): string | null;
  clearSigned(name: string, path: string): string;
}

const sessionName = 'jupyterhub-session-id';
const anonymousXsrfSeconds = 3600;
const defaultExpiresDays = 30;
const millisecondsPerDay = 86_400_000;

/** All values of the cookies called `name`, in the order of the header: a name may come once per path (W55). */
export function cookieValues(header: string | undefined, name: string): string[] {
  if (!header) return [];
  return header
    .split(';')
    .map((part) => parseCookie(part, { decode: unquoteCookieValue })[name])
    .filter((value) => value !== undefined);
}

/** Makes the hub's cookies for these settings. */
export function createHubCookies(settings: CookieSettings): HubCookies {
  const { secret, basePath, hubPath, hostPrefix, options } = settings;
  const loginName = `${hostPrefix ? '__Host-' : ''}jupyterhub-hub-login`;
  const hidden = { httpOnly: true } as const;

  const added = (now: Date, expiresDays: number | null): Partial<SetCookie> => ({
    ...(options.sameSite && { sameSite: options.sameSite }),
    ...(options.domain && { domain: options.domain }),
    ...(options.secure !== undefined && { secure: options.secure }),
    ...(options.partitioned && { partitioned: true }),
    ...expiry(now, options.expiresDays === undefined ? expiresDays : options.expiresDays),
  });
  const session = settings.sessionDomain === null ? {} : { domain: settings.sessionDomain };
  const gone = (name: string, attributes: Partial<SetCookie>) =>
    serialise({ ...attributes, name, value: '', expires: new Date(0) });
  // A browser drops a __Host- cookie that has another path, no Secure, or a domain: also a clearing one (W50).
  const bound = (cookie: SetCookie): SetCookie => {
    if (!hostPrefix) return cookie;
    const { domain: _, ...rest } = cookie;
    return { ...rest, path: '/', secure: true };
  };

  return {
    settings,
    readLogin(header, now) {
      const values = cookieValues(header, loginName);
      if (values.length === 0) return { kind: 'absent' };
      const check = { maxAgeDays: settings.maxAgeDays, now };
      for (const value of values) {
        const id = readSignedValue(secret, loginName, value, check);
        if (id) return { kind: 'login', id };
      }
      return { kind: 'spoiled' };
    },
    setLogin(loginId, { secure, now }) {
      const value = quoteCookieValue(createSignedValue(secret, loginName, loginId, now));
      const cookie = {
        ...hidden,
        secure,
        ...added(now, defaultExpiresDays),
        name: loginName,
        value,
        path: hubPath,
      };
      return serialise(bound(cookie));
    },
    clearLogin: () =>
      serialise(
        bound({ ...placeOf(options), name: loginName, value: '', path: hubPath, expires: new Date(0) }),
      ),
    readSessionId: (header) =>
      cookieValues(header, sessionName).find((value) => /^[0-9a-f]{32}$/.test(value)) ?? null,
    setSessionId: (id, { secure, now }) =>
      serialise({
        ...hidden,
        secure,
        ...added(now, null),
        ...session,
        name: sessionName,
        value: id,
        path: basePath,
      }),
    clearSessionId: () => gone(sessionName, { ...placeOf(options), ...session, path: basePath }),
    setXsrf(token, anonymous, now) {
      const age = anonymous ? { maxAge: anonymousXsrfSeconds } : {};
      return serialise({ ...added(now, null), ...age, name: '_xsrf', value: token, path: hubPath });
    },
    clearXsrf: () => gone('_xsrf', { ...placeOf(options), path: hubPath }),
    clearServices: () => gone('jupyterhub-services', { ...placeOf(options), path: `${basePath}services` }),
    setSigned(name, value, path, maxAge, { secure, now }) {
      const signed = quoteCookieValue(createSignedValue(secret, name, value, now));
      const { expires: _, ...attributes } = added(now, null);
      // A provider sends the browser back from another site: strict cookies would stay away just then.
      const sameSite = attributes.sameSite === 'none' ? 'none' : 'lax';
      return serialise({ ...hidden, secure, ...attributes, sameSite, name, value: signed, path, maxAge });
    },
    readSigned(header, name, maxAgeDays, now) {
      for (const value of cookieValues(header, name)) {
        const read = readSignedValue(secret, name, value, { maxAgeDays, now });
        if (read !== null) return read;
      }
      return null;
    },
    clearSigned: (name, path) => gone(name, { ...placeOf(options), path }),
  };
}

/** What must be the same for a browser to find the cookie that is to go. */
function placeOf(options: CookieOptions): Partial<SetCookie> {
  return {
    ...(options.domain && { domain: options.domain }),
    ...(options.partitioned && { partitioned: true, secure: true }),
  };
}

function expiry(now: Date, days: number | null): Partial<SetCookie> {
  return days === null ? {} : { expires: new Date(now.getTime() + days * millisecondsPerDay) };
}

function serialise(cookie: SetCookie): string {
  return stringifySetCookie(cookie, { encode: (value) => value });
}
