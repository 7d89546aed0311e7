import type { Container } from 'inversify';
import { AccountSetup, ManagedRights, pluginCall, setUpManagedRoles } from '../accounts/index.ts';
import { Events, UnitOfWork } from '../kernel/index.ts';
import { Clock, type Logger } from '../plugin/index.ts';
import { services } from './tokens.ts';

/** Roles that authenticators tell at the start (P139); to be called once plugins have started. */
export async function loadManagedRoles(container: Container, log: Logger): Promise<void> {
  const { signIn, servers } = container.get(services.settings);
  const work = container.get(UnitOfWork);
  const [clock, events] = [container.get(Clock), container.get(Events)];
  await setUpManagedRoles({
    manage: signIn.manageRoles,
    reset: signIn.resetManagedRoles,
    authenticators: container.get(services.authenticators),
    rights: container.get(ManagedRights),
    table: container.get(services.scopeTable),
    configured: new Set(container.get(services.accountsConfig).roles.keys()),
    setup: container.get(AccountSetup),
    callOf: (id) => pluginCall(id, { clock, events, work, pluginTimeout: servers.hookTimeout }),
    work,
    log,
  });
}
