import { ContainerModule } from 'inversify';
import { TokenStore } from '../../accounts/index.ts';
import { Ids, Leases, UnitOfWork } from '../../kernel/index.ts';
import { Clock, Logger } from '../../plugin/index.ts';
import { Routes } from '../../routing/index.ts';
import { ServiceHealth, ServiceStore, Services } from '../../services/index.ts';
import { services } from '../tokens.ts';
import type { Given } from './given.ts';

/** Services as accounts, and whether they answer. */
export function servicesModule({ settings, addresses }: Given): ContainerModule {
  const { baseUrl } = addresses;
  return new ContainerModule(({ bind }) => {
    bind(services.serviceAccounts).toResolvedValue(
      (store, tokens, clients, routes, work, ids, log) =>
        new Services({
          store,
          tokens,
          clients,
          routes,
          work,
          ids,
          log: log.child({ part: 'services' }),
          baseUrl,
          tls: addresses.tls,
        }),
      [ServiceStore, TokenStore, services.oauthClients, Routes, UnitOfWork, Ids, Logger],
    );
    bind(services.serviceHealth).toResolvedValue(
      (store, clock, log, leases, tls) =>
        new ServiceHealth({
          store,
          clock,
          log: log.child({ part: 'services' }),
          baseUrl,
          // Who looks after the proxy looks at what is behind it.
          isHolder: () => leases.holds('routes'),
          every: settings.serviceCheckSeconds,
          tls,
        }),
      [ServiceStore, Clock, Logger, Leases, services.hubTls],
    );
  });
}
