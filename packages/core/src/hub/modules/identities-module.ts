import { ContainerModule } from 'inversify';
import {
  AuthStates,
  IdentityRefresh,
  IdentityStore,
  type KeptStateDeps,
  ManagedRights,
  managedGroupsStep,
  managedRolesStep,
  pluginCall,
  signedInStep,
  UserStore,
} from '../../accounts/index.ts';
import { askAgain } from '../../actions/index.ts';
import { Events, Sealer, UnitOfWork } from '../../kernel/index.ts';
import { Clock, Logger } from '../../plugin/index.ts';
import type { HubHooks } from '../hooks.ts';
import { services } from '../tokens.ts';
import type { Given } from './given.ts';
import { once } from './once.ts';

/** Seconds. People wait for it in the middle of something else. */
const longestRefresh = 10;

/** What authenticators tell of people, and whether it still holds. */
export function identitiesModule({ settings, accounts }: Given, hooks: HubHooks): ContainerModule {
  const { signIn } = settings;
  return new ContainerModule(({ bind }) => {
    bind(services.authStates).toResolvedValue(
      (store, sealer, log) => new AuthStates({ store, sealer, log: log.child({ part: 'auth-state' }) }),
      [IdentityStore, Sealer, Logger],
    );
    bind(services.keptState).toResolvedValue(
      (authStates, clock, events, work): KeptStateDeps => ({
        enabled: signIn.authState,
        authStates,
        reconcile: hooks.reconcileAuthState ?? null,
        call: pluginCall(
          'hooks',
          { clock, events, work, pluginTimeout: settings.servers.hookTimeout },
          'The configuration',
        ),
      }),
      [services.authStates, Clock, Events, UnitOfWork],
    );
    bind(services.managedSteps).toResolvedValue(
      (rights, users, work, table, logger) => {
        const log = logger.child({ part: 'sign-in' });
        const configured = new Set(accounts.roles.keys());
        return [
          managedGroupsStep({ manage: signIn.manageGroups, rights, work, log }),
          managedRolesStep({ manage: signIn.manageRoles, rights, users, work, table, configured, log }),
        ];
      },
      [ManagedRights, services.users, UnitOfWork, services.scopeTable, Logger],
    );
    bind(services.signInSteps).toResolvedValue(
      (identities, kept, managed) => [...managed, signedInStep({ ...kept, identities })],
      [IdentityStore, services.keptState, services.managedSteps],
    );
    bind(services.identityRefresh).toResolvedValue(
      (authenticators, rules, identities, kept, steps, store, users, work, events, clock, log) =>
        once(async () => {
          const known = { authenticators, rules: await rules(), identities, kept, steps, store, users };
          return new IdentityRefresh({
            ...known,
            work,
            events,
            clock,
            log: log.child({ part: 'refresh' }),
            settings: signIn,
            pluginTimeout: Math.min(settings.servers.hookTimeout, longestRefresh),
          });
        }),
      [
        services.authenticators,
        services.accessRules,
        IdentityStore,
        services.keptState,
        services.managedSteps,
        UserStore,
        services.users,
        UnitOfWork,
        Events,
        Clock,
        Logger,
      ],
    );
    bind(services.askAgain).toResolvedValue(
      (refresh) =>
        askAgain({
          refresh,
          beforeStart: signIn.refreshBeforeStart,
          beforeStop: signIn.refreshBeforeStop,
          strict: signIn.refreshStrict,
        }),
      [services.identityRefresh],
    );
  });
}
