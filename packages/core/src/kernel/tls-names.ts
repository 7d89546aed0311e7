import { createHash } from 'node:crypto';

/**
 * Names that certificates of internal TLS carry besides addresses. They tell hub, proxy, each launch of a server and
 * each service apart, which addresses cannot: all users of a machine share those. None is ever looked up (`.internal`
 * is reserved for private use).
 */
const domain = 'hub.internal';

/** Shown by every hub. */
export const hubTlsName = `control.${domain}`;

/** Shown by the proxy, at its API. */
export const proxyTlsName = `proxy.${domain}`;

/** Shown by one launch of one server, `launchKey` being like `12-3`. */
export function serverTlsName(launchKey: string): string {
  return `${launchKey}.server.${domain}`;
}

/** Shown by a service. */
export function serviceTlsName(name: string): string {
  const plain = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name) && !name.startsWith(hashed);
  return `${plain ? name : hashed + digest(name)}.service.${domain}`;
}

/** Begins the label of a service whose name cannot be one. */
const hashed = 'sha256-';

/** What routes say besides, so that a proxy can check whom it reached: only with internal TLS, only for https. */
export function tlsRouteData(on: boolean, target: string, name: string): { readonly tls_name?: string } {
  return on && target.startsWith('https:') ? { tls_name: name } : {};
}

function digest(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, 40);
}
