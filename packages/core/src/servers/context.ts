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
  /** Named servers per user; 0 is no limit. */
  readonly namedServerLimit: number;
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
  slowStart: 10,
  slowStop: 10,
  retryAfter: [30, 60],
  hookTimeout: 30,
};

/** Everything the parts of this room work with. */
export interface ServersContext {
  readonly servers: ServerRepository;
  readonly spawners: Spawners;
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
  /** By what a start is run, and what it asks before. */
  readonly starts: StartChoices;
  readonly run: HubRun;
  readonly hub: HubAddress;
  readonly settings: ServerSettings;
  readonly hubEnvironment: Readonly<Record<string, string | undefined>>;
}
