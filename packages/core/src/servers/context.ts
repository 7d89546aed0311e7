import type { Changes, DomainEvents, HubRun, Ids, Leases, UnitOfWork } from '../kernel/index.ts';
import type { Clock, Logger } from '../plugin/index.ts';
import { token } from '../plugin/index.ts';
import type { HubAddress } from './hub-address.ts';
import type {
  LaunchCredentials,
  ServerHooks,
  ServerOwners,
  ServerRepository,
  ServerRoutes,
} from './ports.ts';
import type { ServerTls } from './server-tls.ts';
import type { Spawners } from './spawners.ts';
import type { StartChoices } from './start-choice.ts';

/** How servers of this hub are run. Times are seconds. */
export interface ServerSettings {
  /** How many may be starting in all hubs at once (contract `concurrent_spawn_limit`); 0 is no limit. */
  readonly concurrentStarts: number;
  /** How many starts may wait for their turn; 0 refuses instead, as the original does. */
  readonly queueLimit: number;
  /** How many servers may be active in all; 0 is no limit. */
  readonly activeServerLimit: number;
  readonly namedServers: boolean;
  /** Named servers per user, for all or by who it is; 0 is no limit. Ask {@link namedServerLimit}. */
  readonly namedServerLimit: number | ((userId: number) => Promise<number>);
  /** May servers be started that have a name no new one may have (P238)? */
  readonly startInvalidNames: boolean;
  /** How long a request waits for its start before it answers 202. */
  readonly slowStart: number;
  readonly slowStop: number;
  /** `Retry-After` of a refused start is drawn from here. */
  readonly retryAfter: readonly [number, number];
  readonly hookTimeout: number;
}
export const ServerSettings = token<ServerSettings>('ServerSettings');

/** The settings of a hub that says nothing about it. */
export const defaultServerSettings: ServerSettings = {
  concurrentStarts: 100,
  queueLimit: 1_000,
  activeServerLimit: 0,
  namedServers: false,
  namedServerLimit: 0,
  startInvalidNames: true,
  slowStart: 10,
  slowStop: 10,
  retryAfter: [30, 60],
  hookTimeout: 30,
};

/** How many named servers a user may have; 0 is no limit. Not to be asked inside a transaction: it may be a hook. */
export async function namedServerLimit(
  { namedServerLimit: limit }: Pick<ServerSettings, 'namedServerLimit'>,
  userId: number,
): Promise<number> {
  return typeof limit === 'function' ? limit(userId) : limit;
}

/** Everything the parts of this room work with. */
export interface ServersContext {
  readonly servers: ServerRepository;
  readonly spawners: Spawners;
  /** By what a start is run, and what it asks before. */
  readonly starts: StartChoices;
  readonly credentials: LaunchCredentials;
  readonly owners: ServerOwners;
  readonly hooks: ServerHooks;
  readonly routes: ServerRoutes;
  readonly unitOfWork: UnitOfWork;
  readonly changes: Changes;
  readonly leases: Leases;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  readonly events: DomainEvents;
  readonly run: HubRun;
  readonly hub: HubAddress;
  readonly tls: ServerTls | null;
  readonly settings: ServerSettings;
  readonly hubEnvironment: Readonly<Record<string, string | undefined>>;
}
