import { createHash } from 'node:crypto';
import { BlockList, isIP } from 'node:net';
import { equalSecrets } from '../kernel/index.ts';
import { cookieValues } from './cookies.ts';
import { createSignedValue, readSignedValue } from './signed-value.ts';

/** Whom a token is bound to (W54). A token from before a login is worth nothing after it. */
export type XsrfOwner =
  | { readonly kind: 'login'; readonly sessionId: string | null; readonly loginId: string }
  | { readonly kind: 'anonymous'; readonly sessionId: string | null; readonly anonymousId: string }
  | { readonly kind: 'service' };

/** The text a token is made over. It can be read from the cookie, so `loginId` must not be the login's secret. */
export function xsrfId(owner: XsrfOwner): string {
  if (owner.kind === 'service') return ':';
  const who = owner.kind === 'login' ? owner.loginId : owner.anonymousId;
  return `${owner.sessionId ?? 'None'}:${who}`;
}

/** What tells one anonymous visitor from another (W54). */
export interface AnonymousIdSettings {
  /** `JUPYTERHUB_XSRF_ANONYMOUS_ID_HEADERS`, `User-Agent` unless given. */
  readonly headers: readonly string[];
  /** `JUPYTERHUB_XSRF_ANONYMOUS_IP_CIDRS`: addresses of one network count as one. */
  readonly cidrs: readonly string[];
}

/** Makes the function that names an anonymous visitor. Throws a `RangeError` for a network that is none. */
export function anonymousIds({ headers, cidrs }: AnonymousIdSettings) {
  const networks = cidrs.map((cidr) => ({ cidr, list: networkOf(cidr) }));
  return (ip: string, sent: Readonly<Record<string, string | undefined>>): string => {
    const family = isIP(ip) === 6 ? 'ipv6' : 'ipv4';
    const network = isIP(ip) === 0 ? undefined : networks.find(({ list }) => list.check(ip, family));
    const hash = createHash('sha256').update(network?.cidr ?? ip);
    // 0xff occurs in no UTF-8 text, so values cannot flow into each other.
    for (const name of headers) hash.update(sent[name.toLowerCase()] ?? '').update(Buffer.of(0xff));
    return `${hash.digest('base64url')}=`;
  };
}

const maxAgeDays = 31;

/** A token for `id`: unpadded base64url of a signed value (W54). */
export function createXsrfToken(secret: Uint8Array, id: string, now: Date): string {
  return Buffer.from(createSignedValue(secret, '_xsrf', id, now)).toString('base64url');
}

/** The token that belongs into the answer. `fits`: the browser has it already. */
export interface XsrfToken {
  readonly token: string;
  readonly fits: boolean;
}

/**
 * The token of this request (W55): the first `_xsrf` cookie whose signature verifies, if it is bound to `id`,
 * else a new one. Several cookies may apply to a path; those of single-user servers carry other signatures.
 */
export function xsrfToken(
  secret: Uint8Array,
  cookieHeader: string | undefined,
  id: string,
  now: Date,
): XsrfToken {
  for (const token of cookieValues(cookieHeader, '_xsrf')) {
    const signed = Buffer.from(token, 'base64url').toString('utf8');
    const found = readSignedValue(secret, '_xsrf', signed, { maxAgeDays, now });
    if (found !== null) return found === id ? { token, fits: true } : renewed();
  }
  return renewed();

  function renewed(): XsrfToken {
    return { token: createXsrfToken(secret, id, now), fits: false };
  }
}

/** What the decision about a request rests on. */
export interface XsrfFacts {
  /** API answers are readable by scripts, so there a GET is checked too (W58). */
  readonly surface: 'page' | 'api';
  readonly method: string;
  readonly caller: 'token' | 'cookie' | 'anonymous';
  readonly hasOrigin: boolean;
  readonly fetchMode: string | undefined;
  readonly fetchSite: string | undefined;
  /** From the argument `_xsrf`, else `X-XSRFToken`, else `X-CSRFToken`. */
  readonly submitted: string | undefined;
  readonly expected: string;
}

/** `checked` tells whether a token was due: only then may an API answer set the cookie (R28). */
export type XsrfDecision =
  | { readonly ok: true; readonly checked: boolean }
  | { readonly ok: false; readonly checked: true; readonly status: 403; readonly message: string };

/** Does this request come from a page of ours? (W58–W61, R23–R31.) */
export function checkXsrf(facts: XsrfFacts): XsrfDecision {
  if (!isDue(facts) || isExempt(facts)) return { ok: true, checked: false };
  if (!facts.submitted) return refused(`'_xsrf' argument missing from ${facts.method}`);
  if (!equalSecrets(facts.submitted, facts.expected)) {
    return refused(`XSRF cookie does not match ${facts.method} argument`);
  }
  return { ok: true, checked: true };
}

/** Browsers keep the cookie only from navigations: a sub-request must not replace a page's token (W55, W62). */
export function maySetXsrfCookie(fetchMode: string | undefined): boolean {
  return fetchMode === undefined || fetchMode === 'navigate';
}

const readOnly = new Set(['GET', 'HEAD', 'OPTIONS']);

function isDue({ surface, method, caller, hasOrigin }: XsrfFacts): boolean {
  if (caller === 'token' || method === 'HEAD' || method === 'OPTIONS') return false;
  if (surface === 'page') return method !== 'GET';
  // An anonymous request from a foreign page is checked like any other: the answer hides whether it has a login.
  return caller === 'cookie' || hasOrigin;
}

function isExempt({ method, fetchMode, fetchSite }: XsrfFacts): boolean {
  if (fetchMode === 'websocket') return true;
  if (!readOnly.has(method)) return false;
  return maySetXsrfCookie(fetchMode) || (fetchMode === 'no-cors' && fetchSite === 'same-origin');
}

function refused(message: string): XsrfDecision {
  return { ok: false, checked: true, status: 403, message };
}

/**
 * R30: a form of a foreign page can POST any content type but JSON without being asked first, so a cookie does
 * not count with it. A request without `Content-Type` passes.
 */
export function cookieCounts(method: string, contentType: string | undefined): boolean {
  if (method !== 'POST' || contentType === undefined) return true;
  return contentType.split(';').some((part) => part.trim().toLowerCase().startsWith('application/json'));
}

function networkOf(cidr: string): BlockList {
  const [address = '', bits = ''] = cidr.split('/');
  const family = isIP(address);
  if (family === 0 || !/^\d{1,3}$/.test(bits)) throw new RangeError(`not a network: ${cidr}`);
  const list = new BlockList();
  list.addSubnet(address, Number(bits), family === 6 ? 'ipv6' : 'ipv4');
  return list;
}
