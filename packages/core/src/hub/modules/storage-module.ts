import { ContainerModule } from 'inversify';
import { Grants } from '../../access/index.ts';
import {
  AccountSetup,
  ActivityStore,
  AuthenticatorUses,
  CredentialStore,
  GroupStore,
  IdentityStore,
  LoginStore,
  ManagedRights,
  OAuthStore,
  SealedStore,
  SignInFailures,
  StoredScopes,
  TokenStore,
  UserStore,
} from '../../accounts/index.ts';
import { Changes, Events, HubRun, Leases, UnitOfWork } from '../../kernel/index.ts';
import { createMetrics } from '../../observe/index.ts';
import { Clock, Logger } from '../../plugin/index.ts';
import { ServerOwners, ServerRepository } from '../../servers/index.ts';
import { ServiceStore } from '../../services/index.ts';
import {
  postgresAccountSetup,
  postgresActivity,
  postgresAuthenticatorUses,
  postgresCredentials,
  postgresGrants,
  postgresGroups,
  postgresIdentities,
  postgresLogins,
  postgresManagedRights,
  postgresOAuth,
  postgresSealed,
  postgresSignInFailures,
  postgresStoredScopes,
  postgresTokens,
  postgresUsers,
} from '../../storage/accounts/index.ts';
import { Database } from '../../storage/database.ts';
import { PostgresChanges } from '../../storage/postgres-changes.ts';
import { PostgresLeases } from '../../storage/postgres-leases.ts';
import { readTotals } from '../../storage/postgres-totals.ts';
import { postgresUnitOfWork } from '../../storage/postgres-unit-of-work.ts';
import { postgresServerOwners, postgresServers } from '../../storage/servers/index.ts';
import { postgresServices } from '../../storage/services/index.ts';
import { longestLives } from '../longest-lives.ts';
import { processAlive } from '../place.ts';
import { services } from '../tokens.ts';

import type { Given } from './given.ts';

/** PostgreSQL behind the ports of the rooms. */
export function storageModule(given: Given): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(services.database).toResolvedValue((log) => new Database(null, log), [Logger]);
    bind(UnitOfWork).toResolvedValue(
      (db, log) => postgresUnitOfWork(db, log.child({ part: 'audit' })),
      [services.database, Logger],
    );
    bind(services.postgresChanges).toResolvedValue(
      (db, clock, log, run) =>
        new PostgresChanges({ db, listenConnection: given.listenConnection, clock, log, hubId: run.id }),
      [services.database, Clock, Logger, HubRun],
    );
    bind(Changes).toService(services.postgresChanges);
    bind(services.postgresLeases).toResolvedValue(
      (run, clock, log) =>
        new PostgresLeases({ connection: given.connection, run, clock, log, processAlive }),
      [HubRun, Clock, Logger],
    );
    bind(Leases).toService(services.postgresLeases);
    bind(CredentialStore).toResolvedValue(postgresCredentials, [services.database]);
    bind(ActivityStore).toResolvedValue(
      (db) => postgresActivity(db, longestLives(given.settings)),
      [services.database],
    );
    bind(UserStore).toResolvedValue(postgresUsers, [services.database, Clock]);
    bind(TokenStore).toResolvedValue(postgresTokens, [services.database]);
    bind(OAuthStore).toResolvedValue(postgresOAuth, [services.database]);
    bind(IdentityStore).toResolvedValue(postgresIdentities, [services.database]);
    bind(GroupStore).toResolvedValue(postgresGroups, [services.database]);
    bind(StoredScopes).toResolvedValue(postgresStoredScopes, [services.database]);
    bind(SignInFailures).toResolvedValue(postgresSignInFailures, [services.database]);
    bind(LoginStore).toResolvedValue(postgresLogins, [services.database]);
    bind(SealedStore).toResolvedValue(postgresSealed, [services.database]);
    bind(ManagedRights).toResolvedValue(postgresManagedRights, [services.database]);
    bind(AuthenticatorUses).toResolvedValue(postgresAuthenticatorUses, [services.database]);
    bind(AccountSetup).toResolvedValue(postgresAccountSetup, [services.database]);
    bind(Grants).toResolvedValue(postgresGrants, [services.database]);
    bind(ServerRepository).toResolvedValue(postgresServers, [services.database]);
    bind(ServerOwners).toResolvedValue(postgresServerOwners, [services.database]);
    bind(ServiceStore).toResolvedValue(postgresServices, [services.database]);
    bind(services.metrics).toResolvedValue(
      (events, db) => createMetrics(events, () => readTotals(db), process.env),
      [Events, services.database],
    );
  });
}
