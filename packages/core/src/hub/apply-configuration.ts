import type { Container } from 'inversify';
import { AccountSetup, applyAccounts, UserStore, userView } from '../accounts/index.ts';
import { UnitOfWork } from '../kernel/index.ts';
import type { Logger } from '../plugin/index.ts';
import { services } from './tokens.ts';

/**
 * Roles, groups, services and users the configuration names, by set statements; then what authenticators do for
 * new users.
 */
export async function applyConfiguration(container: Container, log: Logger): Promise<void> {
  const { roles, members, groups, services: ofConfig } = container.get(services.accountsConfig);
  const rules = await container.get(services.accessRules)();
  const applied = await applyAccounts(
    { rules, roles: [...roles.values()], members, groups, services: ofConfig },
    {
      setup: container.get(AccountSetup),
      users: container.get(UserStore),
      clients: container.get(services.oauthClients),
      work: container.get(UnitOfWork),
    },
  );
  const { created, changedRoles, removedServices, replacedServices } = applied;
  if (changedRoles.length > 0) log.info({ roles: changedRoles }, 'roles follow the configuration');
  if (removedServices.length > 0)
    log.info(
      { services: removedServices },
      'services that left the configuration are gone, with their tokens',
    );
  if (replacedServices.length > 0)
    log.error(
      { services: replacedServices },
      'services of the configuration took the place of ones created over the API, whose tokens are gone',
    );
  for (const { authenticator, id } of container.get(services.authenticators)) {
    for (const warning of (await authenticator.checkConfig?.()) ?? [])
      log.warn({ authenticator: id }, warning);
  }
  const [first] = container.get(services.authenticators);
  for (const user of created) {
    await Promise.resolve(first?.authenticator.onUserAdded?.(userView(user, []))).catch((error: unknown) => {
      log.error({ user: user.name, err: error }, 'onUserAdded failed for a user of the configuration');
    });
  }
}
