import { randomBytes } from 'node:crypto';
import type { Ids } from '../kernel/index.ts';
import type { Clock } from '../plugin/index.ts';
import { HubError } from '../plugin/index.ts';
import { anonymous, type Caller, type Identified } from './caller.ts';
import type { HubCookies } from './cookies.ts';
import type { Origin } from './forwarded.ts';
import { requestOrigin, safeNext } from './next-url.ts';
import { checkXsrf, maySetXsrfCookie, type XsrfOwner, type XsrfToken, xsrfId, xsrfToken } from './xsrf.ts';

/** What every request's state is made with. */
export interface StateDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly cookies: HubCookies;
  /** Where people reach the hub, or `''`. */
  readonly publicUrl: string;
  /** W52: https is known from the public URL; `null`: the request tells. */
  readonly publicSecure: boolean | null;
  readonly subdomainHost: string | null;
  readonly anonymousId: (ip: string, headers: Readonly<Record<string, string | undefined>>) => string;
}

/** The raw facts of one request. */
export interface RawFacts {
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly origin: Origin;
  readonly surface: 'page' | 'api';
}

/** One request between its arrival and its answer: who asks, and which cookies go back. */
export type RequestState = ReturnType<typeof createRequestState>;

/** Makes the state of a request that has just arrived. */
export function createRequestState(raw: RawFacts, deps: StateDeps) {
  const { cookies, clock, ids } = deps;
  const { headers, surface } = raw;
  const now = clock.now();
  const secure = deps.publicSecure ?? raw.origin.scheme === 'https';
  const moment = { secure, now };
  const [path = '', rawQuery = ''] = splitOnce(raw.url, '?');
  const outgoing = new Map<string, string>();
  let caller: Caller = anonymous;
  let sessionId = cookies.readSessionId(headers.cookie);
  let signedInAs: XsrfOwner | null = null;
  let known: XsrfToken | null = null;
  let nonce: string | null = null;
  let isAsked = false;

  const state = {
    ...raw,
    path,
    now,
    secure,
    searchParams: new URLSearchParams(rawQuery),
    ip: raw.origin.ip,
    get origin() {
      return requestOrigin(deps.publicUrl, raw.origin.browserScheme, headers.host ?? '');
    },
    get caller() {
      return caller;
    },
    get sessionId() {
      return sessionId;
    },
    get nonce() {
      nonce ??= randomBytes(16).toString('base64');
      return nonce;
    },
    /** Texts of the `Set-Cookie` headers to send. */
    get setCookies(): readonly string[] {
      return [...outgoing.values()];
    },

    /** Takes note of who is asking; clears a cookie that stands for nobody, and gives a login a session (W45). */
    identified(found: Identified): void {
      caller = found.caller;
      isAsked = true;
      known = null;
      if (found.spoiled) state.setCookie(cookies.clearLogin());
      if (caller.kind === 'cookie') state.ensureSessionId();
    },
    ensureSessionId(): string {
      if (sessionId === null) {
        sessionId = ids.hex32();
        known = null;
        state.setCookie(cookies.setSessionId(sessionId, moment));
      }
      return sessionId;
    },
    xsrfToken(): string {
      const { token, fits } = current();
      // What is refused before it is known who asks, such as a form too large, must not take a login's token away.
      const mayBeLogin = !isAsked && sessionId !== null;
      if (!fits && !mayBeLogin && maySetXsrfCookie(headers['sec-fetch-mode'])) setXsrf(token);
      return token;
    },
    /** The token that fits is sent again, so that a form in another tab stays good. */
    renewXsrfToken(): string {
      const { token } = current();
      if (maySetXsrfCookie(headers['sec-fetch-mode'])) setXsrf(token);
      return token;
    },
    /** Throws a HubError 403; an API answer then brings the browser the cookie it lacked (R28). */
    checkXsrf(form: URLSearchParams): void {
      const decision = checkXsrf({
        surface,
        method: raw.method,
        caller: caller.kind,
        hasOrigin: headers.origin !== undefined,
        fetchMode: headers['sec-fetch-mode'],
        fetchSite: headers['sec-fetch-site'],
        submitted:
          lastValue(form) ||
          lastValue(state.searchParams) ||
          headers['x-xsrftoken'] ||
          headers['x-csrftoken'],
        // An HMAC that most requests do without: those with a token, and what a page reads.
        get expected() {
          return current().token;
        },
      });
      if (decision.checked && surface === 'api') state.xsrfToken();
      if (!decision.ok) throw new HubError('HUB_FORBIDDEN', decision.message);
    },
    safeNext(next: string | null | undefined): string | null {
      return safeNext(next, { origin: state.origin, subdomainHost: deps.subdomainHost });
    },
    signIn({ secret, loginId }: { secret: string; loginId: string }): void {
      state.setCookie(cookies.setLogin(secret, moment));
      signedInAs = { kind: 'login', sessionId: state.ensureSessionId(), loginId };
      known = null;
      setXsrf(current().token);
    },
    signOut(): void {
      for (const text of [
        cookies.clearSessionId(),
        cookies.clearLogin(),
        cookies.clearServices(),
        cookies.clearXsrf(),
      ]) {
        state.setCookie(text);
      }
      sessionId = null;
      caller = anonymous;
      signedInAs = null;
      known = null;
    },
    setCookie(text: string): void {
      const path = /; path=([^;]*)/i.exec(text)?.[1] ?? '';
      outgoing.set(`${splitOnce(text, '=')[0]} ${path}`, text);
    },
  };
  return state;

  function current(): XsrfToken {
    known ??= xsrfToken(cookies.settings.secret, headers.cookie, xsrfId(owner()), now);
    return known;
  }

  function owner(): XsrfOwner {
    if (signedInAs) return signedInAs;
    if (caller.kind === 'cookie') return { kind: 'login', sessionId, loginId: caller.loginId };
    if (caller.kind === 'token' && caller.owner.kind === 'service') return { kind: 'service' };
    return { kind: 'anonymous', sessionId, anonymousId: deps.anonymousId(raw.origin.ip, headers) };
  }

  function setXsrf(token: string): void {
    state.setCookie(cookies.setXsrf(token, owner().kind === 'anonymous', now));
  }
}

function lastValue(params: URLSearchParams): string | undefined {
  return params.getAll('_xsrf').at(-1);
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
