import { HubError } from '@hub/core/plugin';

/** Where something listens: a host and port, or a Unix socket. */
export interface Address {
  readonly tls: boolean;
  /** `''` for all interfaces. */
  readonly host: string;
  readonly port: number;
  readonly socket: string | null;
}

/**
 * Reads `http://127.0.0.1:8000`, `https://[::1]:8443/pre/`, `http://:8000` (all interfaces) or
 * `http+unix://%2Frun%2Fproxy.sock`.
 *
 * @throws HubError HUB_START_FAILED naming `setting`.
 */
export function parseAddress(text: string, setting: string): Address {
  const unix = /^http\+unix:\/\/([^/]+)/.exec(text)?.[1];
  if (unix) return { tls: false, host: '', port: 0, socket: decodeURIComponent(unix) };
  const url = URL.parse(text.replace(/^(https?:\/\/)(?=:)/, '$1*'));
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new HubError('HUB_START_FAILED', `${setting} is ${text}, which is no http address`, {
      hint: 'Write it like http://127.0.0.1:8000 or http+unix://%2Frun%2Fhub%2Fproxy.sock.',
    });
  }
  const tls = url.protocol === 'https:';
  const host = url.hostname === '*' ? '' : url.hostname.replace(/^\[|\]$/g, '');
  return { tls, host, port: url.port ? Number(url.port) : tls ? 443 : 80, socket: null };
}

/** The same address with another port, as a URL. */
export function withPort(address: Address, port: number): string {
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `${address.tls ? 'https' : 'http'}://${host}:${port}`;
}
