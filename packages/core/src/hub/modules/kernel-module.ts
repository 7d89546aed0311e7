import { ContainerModule } from 'inversify';
import { DomainEvents, Events, HubRun, Ids, randomIds, Sealer } from '../../kernel/index.ts';
import { Clock, HubInfo, Logger } from '../../plugin/index.ts';
import { HubAddress } from '../../servers/index.ts';
import { services } from '../tokens.ts';

import type { Given } from './given.ts';

/** Facts and tools of this hub. */
export function kernelModule(given: Given): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(services.settings).toConstantValue(given.settings);
    bind(services.addresses).toConstantValue(given.addresses);
    bind(HubInfo).toConstantValue(given.addresses);
    bind(HubAddress).toConstantValue(given.addresses);
    bind(HubRun).toConstantValue(given.run);
    bind(Logger).toConstantValue(given.log);
    bind(Clock).toConstantValue(given.clock);
    bind(Ids).toConstantValue(given.ids ?? randomIds);
    bind(Sealer).toConstantValue(given.sealer);
    bind(services.accountsConfig).toConstantValue(given.accounts);
    bind(services.scopeTable).toConstantValue(given.accounts.table);
    bind(Events).toResolvedValue((log) => new DomainEvents(log), [Logger]);
  });
}
