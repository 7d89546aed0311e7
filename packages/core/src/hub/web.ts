import type { AddressInfo } from 'node:net';
import { Grants } from '../access/index.ts';
import { apiRoutes, metricsRoutes } from '../api/index.ts';
import { createHttpServer, type HttpServer, type Memberships } from '../http/index.ts';
import { Ids } from '../kernel/index.ts';
import { oauthRoutes } from '../oauth/index.ts';
import { otherwise, pageRoutes, renderError, showConsent } from '../pages/index.ts';
import { HubError } from '../plugin/index.ts';
import { apiDeps } from './api-deps.ts';
import { type CookieSecret, findCookieSecret } from './cookie-secret.ts';
import type { HubParts, StopOptions } from './hub.ts';
import { oauthDeps } from './oauth-deps.ts';
import { pageDeps } from './page-deps.ts';
import { type RefreshOfRequests, sessions } from './sessions.ts';
import { services } from './tokens.ts';

/** The web side of a running hub. */
export interface Web {
  /** What all hubs on the database must sign with. */
  readonly cookieSecret: CookieSecret;
  /** Listens; resolves with the port. */
  listen(): Promise<number>;
  close(): Promise<void>;
}

/** What the web side may do to the hub. */
export interface WebActs {
  readonly shutDown: (how: StopOptions) => void;
}

/** Assembles listener, REST API, OAuth and pages. */
export async function buildWeb(parts: HubParts, acts: WebActs): Promise<Web> {
  const { settings, addresses, log, clock, container, places } = parts;
  const cookieSecret = await findCookieSecret({
    value: settings.cookies.secret,
    environment: process.env,
    file: settings.cookies.secretFile,
    usualFile: `${places.dataFolder}/cookie-secret`,
    mayGenerate: places.database.kind === 'private',
  });
  container.get(services.keyedDigest).useKey(cookieSecret.bytes);
  const grants = container.get(Grants);
  const memberships: Memberships = {
    async groupsOf(user) {
      return (await grants.membershipOf(new Set([user]))).groupsOf(user);
    },
  };
  const look = pageDeps(parts, memberships);
  const http: HttpServer = createHttpServer({
    sessions: sessions(container.get(services.credentials), refreshing(parts)),
    memberships,
    clock,
    ids: container.get(Ids),
    log: log.child({ part: 'http' }),
    cookies: {
      secret: cookieSecret.bytes,
      basePath: addresses.baseUrl,
      hubPath: addresses.hubPrefix,
      maxAgeDays: settings.cookies.maxAgeDays,
      hostPrefix: settings.cookies.hostPrefix,
      sessionDomain: null,
      options: settings.cookies.options,
    },
    forwarded: {
      trustedDownstream: new Set(settings.http.trustedProxies),
      trustRealIp: settings.http.trustRealIp,
    },
    anonymousId: anonymousIdSettings(process.env),
    publicUrl: settings.publicUrl,
    subdomainHost: null,
    compatibleVersion: addresses.compatibleVersion,
    headers: settings.http.headers,
    renderError: (error, context) => renderError(error, context, look),
    otherwise: (context) => otherwise(context, look),
    tls: container.get(services.hubTls),
  });
  apiRoutes(http, apiDeps(parts, acts.shutDown));
  oauthRoutes(oauthDeps(parts, (context, page) => showConsent(context, page, look))).register(http);
  metricsRoutes(http, () => container.get(services.metrics).text(), settings.openMetrics);
  pageRoutes(http, look);
  await http.ready();

  return {
    cookieSecret,
    async listen() {
      const { ip, port } = settings.hub;
      try {
        await http.fastify.listen({ host: ip === '' ? '::' : ip, port });
      } catch (error) {
        throw listenError(error, ip, port);
      }
      return (http.fastify.server.address() as AddressInfo).port;
    },
    async close() {
      http.fastify.server.closeAllConnections();
      await http.close();
    },
  };
}

/** `null` where nothing is asked by age: then requests do not even look for it. */
function refreshing({ container, settings }: HubParts): RefreshOfRequests | null {
  const { refreshAge, refreshStrict } = settings.signIn;
  const canAsk = container.get(services.authenticators).some(({ authenticator }) => authenticator.refresh);
  if (refreshAge === 0 || !canAsk) return null;
  return { refresh: container.get(services.identityRefresh), strict: refreshStrict };
}

/** `JUPYTERHUB_XSRF_ANONYMOUS_…` of the hub's environment (W54). */
function anonymousIdSettings(environment: NodeJS.ProcessEnv) {
  const list = (text: string | undefined, usual: readonly string[]) =>
    text === undefined ? usual : text.split(';').flatMap((one) => (one.trim() === '' ? [] : [one.trim()]));
  return {
    headers: list(environment.JUPYTERHUB_XSRF_ANONYMOUS_ID_HEADERS, ['User-Agent']),
    cidrs: list(environment.JUPYTERHUB_XSRF_ANONYMOUS_IP_CIDRS, []),
  };
}

function listenError(error: unknown, ip: string, port: number): HubError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const at = `${ip || '*'}:${port}`;
  const [message, hint] =
    code === 'EADDRINUSE'
      ? [
          `The hub cannot listen at ${at}: another program does.`,
          'End it, or set `hub.port` to another port (0 picks a free one).',
        ]
      : code === 'EACCES'
        ? [
            `The hub may not listen at ${at}.`,
            'Ports below 1024 need a privileged account: set `hub.port` to a higher one.',
          ]
        : [`The hub cannot listen at ${at} (${code || String(error)}).`, 'Set `hub.ip` and `hub.port`.'];
  return new HubError('HUB_START_FAILED', message, { hint, cause: error });
}
