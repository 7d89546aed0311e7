import type { Memberships } from '../http/index.ts';
import { type PageDeps, plainPages } from '../pages/index.ts';
import type { HubParts } from './hub.ts';
import { services } from './tokens.ts';

/** What the page flows work with, out of the container. */
export function pageDeps(parts: HubParts, memberships: Memberships): PageDeps {
  const { container, settings, addresses, clock, log } = parts;
  return {
    pages: container.get(services.pages) ?? plainPages,
    users: container.get(services.users),
    tokens: container.get(services.tokens),
    logins: container.get(services.logins),
    clients: container.get(services.oauthClients),
    servers: container.get(services.servers),
    services: () => container.get(services.serviceAccounts).listed,
    starts: container.get(services.starts),
    authenticators: container.get(services.authenticators),
    signIn: container.get(services.signIn),
    memberships,
    askAgain: container.get(services.askAgain),
    table: container.get(services.scopeTable),
    clock,
    log: log.child({ part: 'pages' }),
    places: { baseUrl: addresses.baseUrl, hubPrefix: addresses.hubPrefix, subdomainHost: null },
    version: addresses.version,
    compatibleVersion: addresses.compatibleVersion,
    settings: {
      defaultUrl: settings.pages.defaultUrl,
      redirectToServer: settings.pages.redirectToServer,
      defaultServerName: settings.pages.defaultServerName,
      implicitStartSeconds: settings.servers.implicitStartSeconds,
      redirectLimit: settings.servers.redirectLimit,
      stoppedStatus: 424,
      tokenMaxSeconds: settings.tokens.maxSeconds,
      shutdownOnLogout: settings.servers.shutdownOnLogout,
      formLimit: settings.servers.formLimit,
      hookTimeout: settings.servers.hookTimeout,
    },
  };
}
