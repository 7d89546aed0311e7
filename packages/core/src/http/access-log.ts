import type { Logger } from '../plugin/index.ts';

/** One answered request. */
export interface AccessEntry {
  readonly status: number;
  readonly method: string;
  /** Path and query as sent. */
  readonly url: string;
  readonly location: string | undefined;
  readonly user: string;
  readonly ip: string;
  readonly ms: number;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** A static file or a health check. */
  readonly quiet: boolean;
}

/** Writes the access line (P732): its text is fixed by the contract, the fields are for machines. */
export function logAccess(log: Logger, entry: AccessEntry): void {
  const { status, method, user, ip, ms } = entry;
  const fields = { status, method, url: scrubUrl(entry.url), user, ip, ms };
  const headers =
    status >= 500 && status !== 502 && status !== 503 ? { headers: scrubHeaders(entry.headers) } : {};
  log[accessLevel(entry)]({ ...fields, ...headers }, accessLine(entry));
}

/** `200 GET /hub/home (ada@192.0.2.7) 12.34ms`, without secrets (P732, P733). */
export function accessLine({ status, method, url, location, user, ip, ms }: AccessEntry): string {
  const target = location === undefined ? '' : ` -> ${scrubUrl(location)}`;
  return `${status} ${method} ${scrubUrl(url)}${target} (${user}@${ip}) ${ms.toFixed(2)}ms`;
}

/** The level of an access line (P732). */
export function accessLevel({ status, ms, quiet }: AccessEntry): 'debug' | 'info' | 'warn' | 'error' {
  if (status >= 500) return 'error';
  if (status >= 400) return 'warn';
  const minor = status === 304 || (quiet && status < 300);
  return minor && ms < slowMs ? 'debug' : 'info';
}

const slowMs = 1_000;
const longest = 1_024;

/** Query values that may be secrets: those of P733, and what people also call them. */
const secretName = /token|auth|key|code|state|_xsrf|secret|password/i;

/** An address as logs may show it (P733, W113): secrets replaced, printable, at most 1,024 characters. */
export function scrubUrl(url: string): string {
  const [, path = '', query] = /^([^?#]*)(?:\?(.*))?/s.exec(url) ?? [];
  const kept = path.replace(/(\/authorizations\/(?:cookie\/[^/]*|token))\/.+/s, '$1/[secret]');
  return printable(query === undefined ? kept : `${kept}?${query.split('&').map(scrubPair).join('&')}`);
}

/** Headers as logs may show them (P733): the scheme of `Authorization`, the names of cookies. */
export function scrubHeaders(headers: Readonly<Record<string, string | undefined>>): Record<string, string> {
  const shown: Record<string, string> = {};
  for (const [name, value = ''] of Object.entries(headers)) shown[name] = printable(scrubHeader(name, value));
  return shown;
}

function scrubHeader(name: string, value: string): string {
  if (name === 'cookie')
    return value
      .split(';')
      .map((pair) => `${pair.split('=')[0]?.trim()}=[secret]`)
      .join('; ');
  if (/authorization$/.test(name))
    return value.includes(' ') ? `${value.split(' ')[0]} [secret]` : '[secret]';
  if (name === 'referer') return scrubUrl(value);
  return secretName.test(name) || /csrf/i.test(name) || /xsrf/i.test(name) ? '[secret]' : value;
}

function scrubPair(pair: string): string {
  const [name = ''] = pair.split('=', 1);
  const isSecret = pair.includes('=') && (secretName.test(name) || secretName.test(decoded(name)));
  // A value may be an address with a query of its own, such as `next`.
  if (isSecret) return `${name}=[secret]`;
  return /%3f|\?/i.test(pair) && secretName.test(decoded(pair)) ? `${name}=[secret]` : pair;
}

function decoded(text: string): string {
  return new URLSearchParams(`x=${text.replaceAll('&', '%26')}`).get('x') ?? text;
}

function printable(text: string): string {
  const safe = text.replace(
    /[^\x20-\x7e]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return safe.length > longest ? `${safe.slice(0, longest)}…` : safe;
}
