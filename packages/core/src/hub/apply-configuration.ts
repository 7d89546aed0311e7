import type { Container } from 'inversify';
import { defaultRoles } from '../access/index.ts';
import { AccountSetup, applyAccounts, UserStore, userView } from '../accounts/index.ts';
import { UnitOfWork } from '../kernel/index.ts';
import type { Logger } from '../plugin/index.ts';
import { services } from './tokens.ts';

/** Users and roles the configuration names, by set statements; then what authenticators do for new users. */
export async function applyConfiguration(container: Container, log: Logger): Promise<void> {
  const rules = await container.get(services.accessRules)();
  const { created } = await applyAccounts(
    { rules, roles: Object.values(defaultRoles) },
    {
      setup: container.get(AccountSetup),
      users: container.get(UserStore),
      clients: container.get(services.oauthClients),
      work: container.get(UnitOfWork),
    },
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
