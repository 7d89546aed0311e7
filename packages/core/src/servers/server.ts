import type { Instant, JsonObject, JsonValue, SpawnFailureCause } from '../plugin/index.ts';

/** Where a server stands: `stopped → queued → starting → ready → stopping → stopped`. */
export type Phase = 'stopped' | 'queued' | 'starting' | 'ready' | 'stopping';

/** Why the last attempt did not get ready, or why a stop does not succeed. */
export interface Failure {
  readonly cause: SpawnFailureCause;
  /** A sentence its owner understands. */
  readonly message: string;
  /** What to do about it. */
  readonly hint: string | null;
  /** Operator's HTML for the page, from a spawner's refusal (P239). */
  readonly messageHtml: string | null;
  /** HTTP status the start answers with (R81). */
  readonly status: number;
  /** What goes with that answer, such as `Retry-After` (W112). */
  readonly headers?: Readonly<Record<string, string>>;
  /** A refusal is expected; anything else is a fault. */
  readonly expected: boolean;
  /** A word for metrics. */
  readonly reason: string;
  /** End of the server's log, secrets removed; shown to those who may see it. */
  readonly log: string | null;
  readonly attempt: number;
  readonly at: Instant;
}

/** A server's row, with what its owner adds to it. */
export interface ServerRecord {
  readonly id: number;
  readonly userId: number;
  readonly userName: string;
  readonly name: string;
  readonly displayName: string;
  readonly phase: Phase;
  readonly attempt: number;
  readonly fence: number;
  readonly owner: string | null;
  readonly spawner: string;
  readonly host: string | null;
  readonly userOptions: JsonObject | null;
  readonly state: JsonValue | null;
  readonly target: string | null;
  readonly tokenId: number | null;
  readonly oauthClientId: string | null;
  readonly queueClass: number;
  readonly requestedAt: Instant | null;
  readonly queuedAt: Instant | null;
  readonly startingAt: Instant | null;
  readonly readyAt: Instant | null;
  readonly stoppingAt: Instant | null;
  readonly takeOvers: number;
  readonly failure: Failure | null;
  readonly removeWhenStopped: boolean;
  readonly stopTries: number;
  readonly peerVersion: string | null;
  readonly lastActivity: Instant | null;
  readonly created: Instant;
}

/** Whose server, by row. */
export interface ServerOwner {
  readonly id: number;
  readonly name: string;
}

/** Names a launch for ever. */
export function launchKey(server: { readonly id: number; readonly attempt: number }): string {
  return `${server.id}-${server.attempt}`;
}

/** Names an attempt to people: `ada#3`, `ada/gpu#14`. */
export function attemptReference(
  { userName, name }: Pick<ServerRecord, 'userName' | 'name'>,
  attempt: number,
): string {
  return `${userName}${name === '' ? '' : `/${name}`}#${attempt}`;
}
