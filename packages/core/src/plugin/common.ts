import type { Awaitable, Instant } from './json.ts';
import { token } from './token.ts';

/** A logger already named after the part that uses it: fields first, then a short constant sentence. */
export interface Logger {
  trace(fields: object, message: string): void;
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  /** The same logger with more fields on every line. */
  child(fields: object): Logger;
}
export const Logger = token<Logger>('Logger');

/**
 * Time as one hub sees it: for waiting, backing off and giving up. What several hubs must agree on uses the
 * database's clock instead. Tests replace it and never sleep.
 */
export interface Clock {
  /** Now, by the wall clock. */
  now(): Date;
  /** Milliseconds on a clock that only goes forward. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it is aborted first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `run` every `ms`, one call at a time, until the returned function is called. */
  every(ms: number, run: () => Awaitable<void>): () => void;
}
export const Clock = token<Clock>('Clock');

/** Where a plugin registers what belongs to the hub's run. */
export interface Lifecycle {
  /** Called at start, in dependency order. If it throws, what had started is stopped again. */
  onStart(run: (signal: AbortSignal) => Awaitable<void>): void;
  /** Called at stop, in reverse order; also after a half-finished start. `mode` tells what may stay. */
  onStop(run: (mode: StopMode) => Awaitable<void>): void;
}

/** What a stopping hub leaves behind. */
export interface StopMode {
  /** Servers, and the proxy in front of them, are meant to outlive this hub. */
  readonly keepServers: boolean;
  readonly keepProxy: boolean;
}

/** Facts about the hub that plugins may need. */
export interface HubInfo {
  /** Prefix of everything, `/` or `/pre/`. */
  readonly baseUrl: string;
  /** Prefix of the hub's own pages: `baseUrl` + `hub/`. */
  readonly hubPrefix: string;
  /** Where people reach it, with `baseUrl`, or `''` when only requests tell (`http://127.0.0.1:8000/`). */
  readonly publicUrl: string;
  /** Where servers, services and the proxy reach this hub: an origin without path. */
  readonly connectUrl: string;
  /** Where the public side listens; a proxy plugin binds it. */
  readonly bindUrl: string;
  /** Version of this package. */
  readonly version: string;
  /** Version of JupyterHub whose contract is kept, sent as `X-JupyterHub-Version`. */
  readonly compatibleVersion: string;
  /** Folder for files of this hub, 0700; a plugin uses a sub-folder named after itself. */
  readonly dataFolder: string;
  /**
   * May a plugin make up a secret that is not given? Only where the database is this hub's own: hubs that share one
   * are given the same (design 5a).
   */
  readonly mayMakeSecrets: boolean;
  /** Unique name of this hub's machine among live hubs. */
  readonly host: string;
}
export const HubInfo = token<HubInfo>('HubInfo');

/** A user as plugins see one: read-only. */
export interface UserView {
  readonly id: string;
  readonly name: string;
  /** The name as it stands in URLs: percent-encoded except `@` and `~`. */
  readonly escapedName: string;
  readonly admin: boolean;
  readonly groups: readonly string[];
  readonly created: Instant;
}

/** A server as plugins see one: read-only. */
export interface ServerView {
  readonly id: string;
  /** `''` for the default server. */
  readonly name: string;
  readonly displayName: string;
  readonly owner: UserView;
  /** Path under which it is reached, with slashes at both ends: `/user/ada/` or `/user/ada/gpu/`. */
  readonly prefix: string;
  readonly attempt: number;
}
