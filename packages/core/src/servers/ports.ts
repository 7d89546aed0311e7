import type { databaseNow } from '../kernel/index.ts';
import {
  type Instant,
  type JsonObject,
  type JsonValue,
  type LaunchView,
  type ProgressEvent,
  token,
  type UserView,
} from '../plugin/index.ts';
import type { OverrideLayer } from './overrides.ts';
import type { Failure, Phase, ServerRecord } from './server.ts';

type Time = typeof databaseNow | Instant | null;

/** What a compare-and-set may write. */
export interface ServerChange {
  readonly phase?: Phase;
  readonly owner?: string | null;
  readonly attempt?: number;
  readonly spawner?: string;
  readonly host?: string | null;
  readonly displayName?: string;
  readonly userOptions?: JsonObject | null;
  readonly state?: JsonValue | null;
  readonly target?: string | null;
  readonly tokenId?: number | null;
  readonly oauthClientId?: string | null;
  readonly queueClass?: number;
  readonly requestedAt?: Time;
  readonly queuedAt?: Time;
  readonly startingAt?: Time;
  readonly readyAt?: Time;
  readonly stoppingAt?: Time;
  readonly lastActivity?: Time;
  readonly takeOvers?: number;
  readonly failure?: Failure | null;
  readonly removeWhenStopped?: boolean;
  readonly stopTries?: number;
  /** Seconds from now at which a failed stop is tried again. */
  readonly retryIn?: number | null;
  readonly peerVersion?: string | null;
}

/** What must still be so for a write to count. */
export interface Guard {
  readonly id: number;
  readonly fence: number;
  readonly phase: Phase;
}

/** How many servers stand where, over all hubs. */
export interface ServerCounts {
  readonly queued: number;
  readonly starting: number;
  readonly ready: number;
  readonly stopping: number;
}

/** A sentence of an attempt's story, with the time it was stored. */
export interface StoryLine {
  readonly at: Instant;
  readonly message: string;
}

/** Servers as rows. Every transition is one guarded UPDATE; `null` means somebody else was first. */
export interface ServerRepository {
  byId(id: number): Promise<ServerRecord | null>;
  byName(userId: number, name: string): Promise<ServerRecord | null>;
  byNames(userName: string, name: string): Promise<ServerRecord | null>;
  ofUser(userId: number): Promise<readonly ServerRecord[]>;
  /** The row, made if it is missing. */
  ensure(
    userId: number,
    name: string,
    initial: { displayName: string; spawner: string },
  ): Promise<ServerRecord>;
  countNamed(userId: number): Promise<number>;
  change(
    guard: Guard,
    to: ServerChange,
    options?: { readonly raiseFence?: boolean },
  ): Promise<ServerRecord | null>;
  /** Deletes a stopped server. */
  remove(guard: Guard): Promise<boolean>;
  /** May the owner have servers: is the user there and not disabled? Stays so until the transaction ends. */
  holdOwner(userId: number): Promise<boolean>;
  /** Servers that run, start or wait although their owners are disabled. */
  ofDisabledOwners(): Promise<readonly ServerRecord[]>;

  /** Holds the lock under which starts are counted until the surrounding transaction ends, and counts. */
  lockAndCount(): Promise<ServerCounts>;
  counts(): Promise<ServerCounts>;
  /** Does any start wait that one of these spawners could run? */
  anyQueued(spawners: readonly string[]): Promise<boolean>;
  /** Takes the oldest queued servers, at most as many as `limit` leaves free; one transaction under the lock. */
  takeFromQueue(
    by: { owner: string; spawners: readonly string[] },
    limit: number,
  ): Promise<readonly ServerRecord[]>;
  /** How many starts come before this queued one. */
  queuePosition(id: number): Promise<number | null>;
  /** Claims servers in `starting` or `stopping` whose owner's lease is over. */
  claimAbandoned(by: {
    owner: string;
    host: string;
    spawners: readonly string[];
    hostBound: readonly string[];
  }): Promise<readonly ServerRecord[]>;
  /** Servers this owner has in `starting` or `stopping`, without failed stops whose next try is yet to come. */
  ownedAndDue(owner: string): Promise<readonly ServerRecord[]>;
  /** Ready servers, of these spawners; those bound to a host only when it is `host`. */
  readyServers(of: {
    spawners: readonly string[];
    host: string;
    hostBound: readonly string[];
  }): Promise<readonly ServerRecord[]>;
  /** Launch keys that belong to a current attempt, of those asked about. */
  currentKeys(keys: readonly string[]): Promise<ReadonlySet<string>>;
  /** All servers that are not stopped, for the proxy's table. */
  routed(): Promise<
    readonly Pick<ServerRecord, 'id' | 'attempt' | 'userName' | 'name' | 'phase' | 'target'>[]
  >;
  /** Hubs alive now, for sharing work among them. */
  liveHubs(): Promise<
    readonly { readonly id: string; readonly host: string; readonly spawners: readonly string[] }[]
  >;

  /** Adds to an attempt's story while its owner is still the owner. False: it is not. */
  appendEvents(
    guard: { id: number; fence: number; attempt: number },
    firstSeq: number,
    events: readonly ProgressEvent[],
  ): Promise<boolean>;
  eventsSince(
    id: number,
    attempt: number,
    seq: number,
  ): Promise<readonly { readonly seq: number; readonly event: ProgressEvent }[]>;
  /** The last `most` sentences told during an attempt, oldest first. */
  story(id: number, attempt: number, most: number): Promise<readonly StoryLine[]>;
  /** Forgets the stories of attempts before this one. */
  clearEvents(id: number, beforeAttempt: number): Promise<void>;
}
export const ServerRepository = token<ServerRepository>('ServerRepository');

/** A server's own secrets: its API token and OAuth client, made and deleted together with its attempt. */
export interface LaunchCredentials {
  /** Inside the surrounding transaction. The client id is one of `clientIds`, the first that is free. */
  issue(
    server: ServerRecord,
    wanted: {
      readonly clientIds: readonly string[];
      readonly redirectUri: string;
      readonly description: string;
      readonly tokenScopes: readonly string[];
      readonly clientScopes: readonly string[];
    },
  ): Promise<{ readonly token: string; readonly tokenId: number; readonly clientId: string }>;
  /** Deletes token, client and everything issued through it. Nothing there is fine. */
  revoke(server: ServerRecord): Promise<void>;
}
export const LaunchCredentials = token<LaunchCredentials>('LaunchCredentials');

/** Users as launches need them. */
export interface ServerOwners {
  view(userId: number): Promise<UserView | null>;
}
export const ServerOwners = token<ServerOwners>('ServerOwners');

/** What authenticators and the configuration do around a server's life. */
export interface ServerHooks {
  /** In the order of P220; answers with what is to change the launch, the last counts most. A throw fails the start. */
  beforeSpawn(launch: LaunchView, server: ServerRecord): Promise<readonly OverrideLayer[]>;
  /** It is ready. Never rejects. */
  afterSpawn(user: UserView, server: ServerRecord): Promise<void>;
  /** A start failed, and what it failed with is recorded. Never rejects. */
  onSpawnFailure(user: UserView, server: ServerRecord, failure: Failure): Promise<void>;
  /** The event that tells of a ready server, as it shall be told (P210, R89). Never rejects. */
  progressReady(event: ProgressEvent, server: ServerRecord): Promise<ProgressEvent>;
  /** After every stop and failed start. Never rejects. */
  afterStop(user: UserView, server: ServerRecord): Promise<void>;
}
export const ServerHooks = token<ServerHooks>('ServerHooks');

/** The proxy's table, as far as servers touch it. */
export interface ServerRoutes {
  add(server: ServerRecord, target: string, signal: AbortSignal): Promise<void>;
  remove(server: ServerRecord, signal: AbortSignal): Promise<void>;
}
export const ServerRoutes = token<ServerRoutes>('ServerRoutes');
