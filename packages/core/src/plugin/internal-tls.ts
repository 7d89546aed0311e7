import { token } from './token.ts';

/** A private key and its certificate with the chain behind it, both PEM. */
export interface TlsIdentity {
  readonly key: string;
  readonly certificate: string;
}

/** What one end of an encrypted connection shows, and whom it believes. */
export interface TlsEnd extends TlsIdentity {
  /** Certificates of the authorities it believes, PEM, one after the other. */
  readonly authorities: string;
}

/**
 * Encryption between hub, proxy, servers and services (W102–W106). Both ends of each connection show a certificate of
 * the hub's own authorities. A plugin `needs` it to take part.
 */
export interface InternalTls {
  /** Known from the beginning. When `false`, nothing else here may be called. */
  readonly on: boolean;
  /** Shown by a hub to the API of the proxy, whose certificate must have the name {@link InternalTls.proxyName}. */
  toProxy(): TlsEnd;
  /** Made anew at each call: what a proxy is to show and whom it shall believe. */
  forProxy(): Promise<ProxyTls>;
  readonly proxyName: string;
  /** In the certificate of every hub. */
  readonly hubName: string;
  /**
   * Calls `renewed` whenever certificates were made anew or the authorities changed: connections opened from then on
   * use what the functions above answer then. Returns a function that ends this.
   */
  onRenewal(renewed: () => void): () => void;
}
export const InternalTls = token<InternalTls>('InternalTls');

/** What a server shows hub and proxy, and both to it: texts in PEM. */
export interface ServerCertificate extends TlsEnd {}

/** Both sides of a proxy. */
export interface ProxyTls extends TlsIdentity {
  /** May use its API: hubs. */
  readonly apiAuthorities: string;
  /** Have issued the certificates of what it forwards to: hubs, servers, services. */
  readonly targetAuthorities: string;
}

/** Stands where internal TLS is off: also for tests of plugins. */
export const withoutInternalTls: InternalTls = {
  on: false,
  proxyName: '',
  hubName: '',
  toProxy: () => refuse(),
  forProxy: async () => refuse(),
  onRenewal: () => () => undefined,
};

function refuse(): never {
  throw new Error('internal TLS is off');
}
