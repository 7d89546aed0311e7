import type { Container } from 'inversify';
import { AccountSetup, AuthenticatorUses, applyAccounts, UserStore, userView } from '../accounts/index.ts';
import { userHooks } from '../actions/index.ts';
import { UnitOfWork } from '../kernel/index.ts';
import { Clock, type Logger } from '../plugin/index.ts';
import { Spawners } from '../servers/index.ts';
import { serversOfOtherSpawners } from '../storage/servers/index.ts';
import { authenticatorDoubts } from './authenticator-doubts.ts';
import { spawnerDoubts } from './spawner-doubts.ts';
import { services } from './tokens.ts';

/**
 * Roles, groups, services and users the configuration names, and how long things last, by set statements; then what
 * authenticators do for new users.
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
  await container.get(services.tokens).limitLives();
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
  const authenticators = container.get(services.authenticators);
  for (const { authenticator, warning } of await authenticatorDoubts(authenticators, rules))
    log.warn({ authenticator }, warning);
  for (const { spawner, warning } of await spawnerDoubts(container.get(Spawners).all))
    log.warn({ spawner }, warning);
  await nameAbsentOnes(container, log);
  const { hookTimeout: seconds } = container.get(services.settings).servers;
  const hooks = userHooks({ authenticators, clock: container.get(Clock), seconds });
  for (const user of created) {
    await hooks.added(userView(user, [])).catch((error: unknown) => {
      log.error({ user: user.name, err: error }, 'onUserAdded failed for a user of the configuration');
    });
  }
}

/** What rests on plugins that left the configuration stays as it is, until it ends by itself or they are back. */
async function nameAbsentOnes(container: Container, log: Logger): Promise<void> {
  const ids = container.get(services.authenticators).map(({ id }) => id);
  for (const { authenticator, users, logins } of await container.get(AuthenticatorUses).except(ids)) {
    log.warn(
      { authenticator, users, logins },
      'people signed in by an authenticator that the configuration lacks: its logins stay good until they end',
    );
  }
  const spawners = container.get(Spawners).all.map(({ id }) => id);
  const others = await serversOfOtherSpawners(container.get(services.database), spawners);
  for (const { spawner, servers } of others) {
    log.warn(
      { spawner, servers },
      'servers run by a spawner that the configuration lacks: they are left alone, and can be stopped when it is back',
    );
  }
}
