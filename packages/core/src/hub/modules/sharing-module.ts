import { ContainerModule } from 'inversify';
import { StoredScopes } from '../../accounts/index.ts';
import { Changes, HubRun, Ids, UnitOfWork } from '../../kernel/index.ts';
import { Clock, Logger } from '../../plugin/index.ts';
import { createRouteCheck, RouteCheck, Routes } from '../../routing/index.ts';
import {
  ServerDetails,
  ServerDetailsStore,
  ServerOwners,
  ServerRepository,
  ServerSettings,
  Spawners,
} from '../../servers/index.ts';
import { ShareCodeStore, ShareCodes, ShareStore, Shares } from '../../sharing/index.ts';
import { postgresServerDetails } from '../../storage/servers/index.ts';
import { postgresShareCodes, postgresShares } from '../../storage/sharing/index.ts';
import { services } from '../tokens.ts';
import type { Given } from './given.ts';

/** Shares, and the other things people do with servers that do not run. */
export function sharingModule({ addresses }: Given): ContainerModule {
  return new ContainerModule(({ bind }) => {
    bind(ShareStore).toResolvedValue(postgresShares, [services.database]);
    bind(ShareCodeStore).toResolvedValue(postgresShareCodes, [services.database]);
    bind(services.shares).toResolvedValue(
      (store, work) => new Shares({ store, work }),
      [ShareStore, UnitOfWork],
    );
    bind(services.shareCodes).toResolvedValue(
      (store, shares, work, ids) => new ShareCodes({ store, shares, work, ids }),
      [ShareCodeStore, ShareStore, UnitOfWork, Ids],
    );
    bind(ServerDetailsStore).toResolvedValue(postgresServerDetails, [services.database]);
    bind(services.serverDetails).toResolvedValue(
      (store, servers, owners, spawners, scopes, work, clock, log, run, settings) =>
        new ServerDetails({
          store,
          servers,
          owners,
          spawners,
          scopes,
          work,
          clock,
          log: log.child({ part: 'servers' }),
          baseUrl: addresses.baseUrl,
          run,
          settings,
        }),
      [
        ServerDetailsStore,
        ServerRepository,
        ServerOwners,
        Spawners,
        StoredScopes,
        UnitOfWork,
        Clock,
        Logger,
        HubRun,
        ServerSettings,
      ],
    );
    bind(RouteCheck).toResolvedValue(
      (routes, changes, clock, ids, log) =>
        createRouteCheck({ routes, changes, clock, ids, log: log.child({ part: 'routes' }) }),
      [Routes, Changes, Clock, Ids, Logger],
    );
  });
}
