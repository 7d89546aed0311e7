import { ContainerModule } from 'inversify';
import { DomainEvents, Events, HubRun, Ids, randomIds, Sealer } from '../../kernel/index.ts';
import { Clock, HubInfo, Logger } from '../../plugin/index.ts';
import { HubAddress } from '../../servers/index.ts';
import { joseSealer, readCryptKeys } from '../sealer.ts';
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
    bind(Sealer).toConstantValue(joseSealer(cryptKeys(given.settings.cryptKeys, process.env)));
    bind(services.accountsConfig).toConstantValue(given.accounts);
    bind(services.scopeTable).toConstantValue(given.accounts.table);
    bind(Events).toResolvedValue((log) => new DomainEvents(log), [Logger]);
  });
}

/** From the configuration, else from the environment (W110). */
function cryptKeys(given: readonly string[], environment: NodeJS.ProcessEnv): readonly Uint8Array[] {
  if (given.length > 0) return readCryptKeys(given, '`cryptKeys`');
  const texts = (environment.JUPYTERHUB_CRYPT_KEY ?? '').split(';').filter((text) => text !== '');
  return readCryptKeys(texts, 'JUPYTERHUB_CRYPT_KEY');
}
