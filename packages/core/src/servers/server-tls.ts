import type { ServerCertificate, TlsEnd } from '../plugin/index.ts';
import { token } from '../plugin/index.ts';

/** What internal TLS is to servers; `null` in its place: nothing is encrypted. */
export interface ServerTls {
  /** What a launch shows, and whom it believes. */
  forServer(launchKey: string): Promise<ServerCertificate>;
  /** What the hub shows the server of a launch, and the name that server must show. */
  toServer(launchKey: string): TlsEnd & { readonly name: string };
}
export const ServerTls = token<ServerTls | null>('ServerTls');

/** The same address by https. */
export function encrypted(url: string): string {
  return url.replace(/^http:/, 'https:');
}

/** The origin a spawner named, as it is reached: P201, by https with internal TLS. */
export function targetOf(origin: string, tls: boolean): string {
  return tls ? encrypted(origin) : origin;
}
