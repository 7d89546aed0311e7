import { ContainerModule } from 'inversify';
import { AuthStates, IdentityStore } from '../../accounts/index.ts';
import { Sealer } from '../../kernel/index.ts';
import { Logger } from '../../plugin/index.ts';
import { services } from '../tokens.ts';

/** What authenticators tell of people, and whether it still holds. */
export function identitiesModule(): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(services.authStates).toResolvedValue(
      (store, sealer, log) => new AuthStates({ store, sealer, log: log.child({ part: 'auth-state' }) }),
      [IdentityStore, Sealer, Logger],
    );
  });
}
