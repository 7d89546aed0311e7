import { FakeEngine, FakeProxyTable, fakeProxy, fakeSpawner } from '../../../testing/src/index.ts';
import { testAuthenticator } from '../../../testing/src/test-hub/test-authenticator.ts';
import { apiRoutes, metricsRoutes } from '../../src/api/index.ts';
import { createHttpServer, type HttpServer } from '../../src/http/index.ts';
import { apiDeps } from '../../src/hub/api-deps.ts';
import { assemble } from '../../src/hub/assemble.ts';
import { sessions } from '../../src/hub/sessions.ts';
import { services } from '../../src/hub/tokens.ts';
import { randomIds, systemClock } from '../../src/kernel/index.ts';
import { silentLogger } from './silent-logger.ts';

/** The web side of a hub with all of the REST API but OAuth, which never answers anything. */
export async function apiRouteTable(): Promise<HttpServer> {
  const parts = await assemble({
    dataFolder: '/nonexistent',
    logger: silentLogger,
    plugins: [testAuthenticator(), fakeSpawner(new FakeEngine()), fakeProxy(new FakeProxyTable())],
  });
  const http = createHttpServer({
    sessions: sessions(parts.container.get(services.credentials)),
    memberships: { groupsOf: async () => new Set() },
    clock: systemClock,
    ids: randomIds,
    log: silentLogger,
    cookies: {
      secret: Buffer.alloc(32),
      basePath: '/',
      hubPath: '/hub/',
      maxAgeDays: 14,
      hostPrefix: false,
      sessionDomain: null,
      options: {},
    },
    forwarded: { trustedDownstream: new Set(), trustRealIp: true },
    anonymousId: { headers: [], cidrs: [] },
    publicUrl: '',
    subdomainHost: null,
    compatibleVersion: '6.1.1',
    headers: {},
  });
  apiRoutes(
    http,
    apiDeps(parts, () => undefined),
  );
  metricsRoutes(http, async () => ({ body: '', contentType: '' }), false);
  return http;
}
