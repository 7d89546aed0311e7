import { isIP } from 'node:net';

/** What a listener knows about a request before anybody's headers are believed. */
export interface Connection {
  /** Address of the peer: usually the proxy. */
  readonly remoteAddress: string;
  readonly encrypted: boolean;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Whom to believe. */
export interface ForwardedSettings {
  /** `trusted_downstream_ips`: proxies in front, skipped when looking for the client in `X-Forwarded-For`. */
  readonly trustedDownstream: ReadonlySet<string>;
  /** W53: `X-Real-Ip` wins over `X-Forwarded-For`. Turn off where clients can send it through the proxy. */
  readonly trustRealIp: boolean;
}

/** Where a request comes from. */
export interface Origin {
  readonly ip: string;
  /** Scheme of the last hop in front of the hub; decides the Secure flag (W52). */
  readonly scheme: 'http' | 'https';
  /** Scheme the browser used; decides about addresses it is sent to. */
  readonly browserScheme: 'http' | 'https';
}

/** Address and scheme of the client, as W53 reads them from the proxies' headers. */
export function clientOrigin(connection: Connection, settings: ForwardedSettings): Origin {
  const scheme = connection.encrypted ? 'https' : 'http';
  const schemes = header(connection, 'x-scheme') ?? header(connection, 'x-forwarded-proto');
  return {
    ip: clientAddress(connection, settings),
    scheme: schemeOf(schemes?.split(',').at(-1)) ?? scheme,
    browserScheme:
      forwardedScheme(header(connection, 'forwarded')) ??
      schemeOf(schemes?.split(',')[0]?.toLowerCase()) ??
      schemeOf(schemes?.split(',').at(-1)) ??
      scheme,
  };
}

function clientAddress(
  connection: Connection,
  { trustedDownstream, trustRealIp }: ForwardedSettings,
): string {
  const hops = (header(connection, 'x-forwarded-for') ?? '')
    .split(',')
    .map((hop) => plainAddress(hop.trim()));
  const forwarded = hops.findLast((hop) => !trustedDownstream.has(hop)) ?? hops[0] ?? '';
  const real = trustRealIp ? plainAddress(header(connection, 'x-real-ip')?.trim() ?? '') : '';
  return [real, forwarded].find((address) => isIP(address) !== 0) ?? plainAddress(connection.remoteAddress);
}

/** An IPv4 address in IPv6 clothes is the IPv4 address, or one client would count as two. */
function plainAddress(address: string): string {
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}

function forwardedScheme(value: string | undefined): 'http' | 'https' | null {
  for (const field of (value?.split(',')[0] ?? '').split(';')) {
    const [name = '', given = ''] = field.split('=', 2);
    if (name.trim().toLowerCase() !== 'proto') continue;
    return schemeOf(
      given
        .trim()
        .replace(/^"(.*)"$/, '$1')
        .toLowerCase(),
    );
  }
  return null;
}

function schemeOf(text: string | undefined): 'http' | 'https' | null {
  const scheme = text?.trim();
  return scheme === 'http' || scheme === 'https' ? scheme : null;
}

function header({ headers }: Connection, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(',') : value;
}
