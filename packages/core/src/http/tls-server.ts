import type { RequestListener, Server, ServerOptions } from 'node:http';
import { createServer, type Server as HttpsServer } from 'node:https';
import type { TlsEnd } from '../plugin/index.ts';

/** What a listener shows, and whom it lets in; asked again after each renewal. */
export interface ListenerTls {
  listener(): TlsEnd;
  onRenewal(renewed: () => void): () => void;
}

/** Fastify's own for a server that takes plain connections. */
const keepAliveTimeout = 72_000;

/**
 * Makes servers for Fastify that talk to nobody without a certificate of an authority they believe. Who may do what is
 * decided by token and cookie as ever (W105).
 */
export function tlsServers(tls: ListenerTls, timeouts: ServerOptions): (handle: RequestListener) => Server {
  const now = () => {
    const { key, certificate, authorities } = tls.listener();
    return { key, cert: certificate, ca: authorities };
  };
  return (handle) => {
    const server: HttpsServer = createServer(
      { ...timeouts, keepAliveTimeout, ...now(), requestCert: true, rejectUnauthorized: true },
      handle,
    );
    const end = tls.onRenewal(() => server.setSecureContext(now()));
    server.once('close', end);
    return server;
  };
}
