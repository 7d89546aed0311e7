import { HubError } from '../plugin/index.ts';

/** Which addresses are the hub's own. */
export interface OwnAddress {
  /** Scheme and host as the browser sees them: {@link requestOrigin}. */
  readonly origin: string;
  /** Host and port of `subdomain_host`, when users have hosts of their own. */
  readonly subdomainHost: string | null;
}

/**
 * Scheme and host as the browser sees them, without a slash: those of `publicUrl` if set (W22), else those of
 * the request.
 *
 * @throws HubError 400 when the request's `Host` is no host.
 */
export function requestOrigin(publicUrl: string, browserScheme: 'http' | 'https', host: string): string {
  if (publicUrl !== '') return new URL(publicUrl).origin;
  // The header goes into links and redirects: nothing but a name and a port may stand in it.
  if (!/^(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::\d{1,5})?$/.test(host)) {
    throw new HubError('HUB_BAD_REQUEST', 'Invalid Host header');
  }
  return `${browserScheme}://${host}`;
}

/**
 * Where `next` may lead: a path on this hub, or `null` when it is absent or leads away (W21, W22). The table of
 * W23 holds, except that tabs, line ends and broken hosts are refused instead of passed on or failing.
 */
export function safeNext(next: string | null | undefined, own: OwnAddress): string | null {
  const path = ownPath(clean(next ?? ''), own);
  return path !== null && staysHere(path, own.origin) ? path : null;
}

/** Adds the parameters of the current query to `target`, without `next` and `_xsrf` (W21). */
export function withCurrentQuery(target: string, query: URLSearchParams): string {
  const kept = new URLSearchParams([...query].filter(([name]) => name !== 'next' && name !== '_xsrf'));
  if (kept.size === 0) return target;
  const [, path = '', given, fragment = ''] = /^([^?#]*)(?:\?([^#]*))?(#.*)?$/s.exec(target) ?? [];
  return `${path}?${given ? `${given}&` : ''}${kept}${fragment}`;
}

/** What decides where a page leads when `next` does not (W21.3). */
export interface NextFacts {
  readonly next: string | null | undefined;
  readonly query: URLSearchParams;
  /** The page's own default, such as the address of the server just started. */
  readonly fallback: string | null;
  readonly defaultUrl: string;
  /** Path of the viewer's default server, when it is active. */
  readonly activeServer: string | null;
  readonly signedIn: boolean;
  readonly redirectToServer: boolean;
  readonly hubPath: string;
}

/** The address a page leads to: a safe `next` unchanged, else the default with the current query (W21). */
export function nextUrl(facts: NextFacts, own: OwnAddress): string {
  const next = safeNext(facts.next, own);
  if (next !== null) return next;
  return withCurrentQuery(facts.fallback ?? (facts.defaultUrl || usualTarget(facts)), facts.query);
}

function usualTarget({ activeServer, signedIn, redirectToServer, hubPath }: NextFacts): string {
  if (activeServer !== null && signedIn && redirectToServer) return activeServer;
  return `${hubPath}${signedIn && redirectToServer ? 'spawn' : 'home'}`;
}

/** Tornado's way with arguments: control characters become spaces, and the ends are trimmed. */
function clean(text: string): string {
  return text.replace(/[\x00-\x08\x0e-\x1f]/g, ' ').trim();
}

/** W22, in its order. */
function ownPath(given: string, { origin, subdomainHost }: OwnAddress): string | null {
  const next = given.replaceAll('\\', '%5C').replace(/^\/\/\/+/, '//');
  const path = withoutOwnHost(next, origin, subdomainHost);
  return path.startsWith('/') && !path.startsWith('//') ? path : null;
}

function withoutOwnHost(next: string, origin: string, subdomainHost: string | null): string {
  const host = origin.slice(origin.indexOf('//'));
  for (const own of [origin, host]) {
    if (`${next}/`.startsWith(`${own}/`)) return oneSlash(next.slice(own.length));
  }
  const [address = '', netloc = ''] = /^(?:[A-Za-z][A-Za-z0-9+.-]*:)?\/\/([^/?#]*)/.exec(next) ?? [];
  const mine = subdomainHost !== null && (netloc === subdomainHost || netloc.endsWith(`.${subdomainHost}`));
  return mine ? oneSlash(next.slice(address.length)) : next;
}

function oneSlash(path: string): string {
  return `/${path.replace(/^\/+/, '')}`;
}

/** The last word has the parser that browsers use; it drops tabs and line ends, so those are refused first. */
function staysHere(path: string, origin: string): boolean {
  if (/[\t\r\n\f\v\x7f]/.test(path)) return false;
  return URL.parse(path, origin)?.origin === new URL(origin).origin;
}
