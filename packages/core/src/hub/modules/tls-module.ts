import { ContainerModule } from 'inversify';
import { Sealer } from '../../kernel/index.ts';
import { Clock, InternalTls, Logger, withoutInternalTls } from '../../plugin/index.ts';
import { ServerTls } from '../../servers/index.ts';
import { postgresAuthorities } from '../../storage/postgres-authorities.ts';
import { Authorities, HubTls } from '../../tls/index.ts';
import { hubNames, serverNames } from '../internal-tls.ts';
import { services } from '../tokens.ts';
import type { Given } from './given.ts';

/** Internal TLS, where it is on. The authorities can be looked after without it. */
export function tlsModule({ settings, addresses }: Given): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(services.authorities).toResolvedValue(
      (db, sealer, clock) =>
        new Authorities({ store: postgresAuthorities(db), sealer, now: () => clock.now() }),
      [services.database, Sealer, Clock],
    );
    bind(services.hubTls).toResolvedValue(
      (authorities, clock, log) =>
        addresses.tls
          ? new HubTls({
              authorities,
              names: () => hubNames(settings, addresses),
              serverNames: () => serverNames(settings),
              clock,
              log: log.child({ part: 'tls' }),
            })
          : null,
      [services.authorities, Clock, Logger],
    );
    bind(InternalTls).toResolvedValue((tls) => tls ?? withoutInternalTls, [services.hubTls]);
    bind(ServerTls).toResolvedValue((tls) => tls, [services.hubTls]);
  });
}
