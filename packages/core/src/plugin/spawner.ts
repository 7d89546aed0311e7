import type { Logger, ServerView, UserView } from './common.ts';
import type { ServerCertificate } from './internal-tls.ts';
import type { Awaitable, JsonObject, JsonValue } from './json.ts';
import type { ForLaunch } from './option-schema.ts';
import type { RequestView } from './request.ts';
import { token } from './token.ts';

/** How a process ended. `code` 0 where nothing better is known; `signal` when one ended it. */
export interface Exit {
  readonly code: number;
  readonly signal?: string | undefined;
  /** What the engine says about it, for the owner's eyes. */
  readonly reason?: string | undefined;
}

/** `politely`: ask first, then insist. `now`: skip the polite part. */
export type StopHow = 'politely' | 'now';

/** One thing worth telling while a server starts (R88). `ready` and `failed` are the hub's to say. */
export interface ProgressEvent {
  /** 0 to 100. */
  readonly progress?: number | undefined;
  readonly message?: string | undefined;
  /** Shown after a sanitiser in the browser. */
  readonly html_message?: string | undefined;
  readonly [key: string]: JsonValue | undefined;
}

/** One start of one server, to look at: what options that are functions, and hooks, are called with. */
export interface LaunchView {
  /** Names this launch for ever (server id and attempt). Whatever is created carries it, so it is found again. */
  readonly key: string;
  readonly user: UserView;
  readonly server: ServerView;
  /** Id of the spawner. */
  readonly spawner: string;
  /** Options chosen for this start. */
  readonly userOptions: JsonObject;
  /** Aborted when the start is cancelled, timed out or taken over: stop waiting, `stop` is called next. */
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/** One start of one server: everything a spawner needs, and the ways to speak back. */
export interface Launch<State = JsonValue> extends LaunchView {
  /** Arguments behind the command. */
  readonly args: readonly string[];
  /**
   * `null` when a start begins: the hub forgets a state with the server it is about (P206). What shall outlive servers,
   * such as a volume, is found by a name made from `server.id`.
   */
  readonly state: State | null;
  /**
   * The spawner's own `options` as they are for this launch: those marked `perLaunch` are worked out, and are as
   * groups, chosen options and hooks of the hub want them (P231, P232). Sizes are bytes.
   *
   * @example
   * async start(launch) {
   *   const { command, image } = await launch.resolve(options);
   */
  resolve<O extends object>(options: O): Promise<ForLaunch<O>>;
  /**
   * With internal TLS: what the server shows hub and proxy, and whom it believes. A spawner with
   * {@link Spawner.placesCertificates} writes the three texts to files that the server's account alone can read, says in
   * {@link Launch.environment} where they are, and removes them at the stop. `null`: nothing is encrypted.
   */
  readonly tls: ServerCertificate | null;
  /**
   * The whole environment of the server (P240). `bind` is the origin the server shall listen at, such as
   * `http://127.0.0.1:4711`; it becomes `JUPYTERHUB_SERVICE_URL`, with `https` where the launch has {@link Launch.tls}.
   * Then `files`, absolute paths as the server sees them, are demanded.
   */
  environment(bind: string, files?: CertificateFiles | undefined): Promise<Record<string, string>>;
  /** Tells those who wait. At most 500 per launch are kept. */
  progress(event: ProgressEvent): void;
  /**
   * Records what is needed to find the server again. **Nothing that outlives the hub may happen before this
   * resolved**; it rejects when this launch is no longer ours.
   */
  saveState(state: State): Promise<void>;
  /** The server ended; noticed at once instead of at the next poll. */
  reportExit(exit: Exit): void;
}

/** A server a spawner is asked about: what is known without any memory of its launch. */
export interface RunningServer<State = JsonValue> {
  readonly key: string;
  readonly server: ServerView;
  readonly state: State | null;
  readonly signal: AbortSignal;
  readonly log: Logger;
}

/**
 * Starts, watches and stops servers: one driver for all of them, not one object per server. Semantics: P201–P230.
 * An error thrown means "broken"; to refuse a start with a sentence for the user, throw {@link SpawnRefusal}'s
 * shape by {@link spawnRefusal}.
 */
export interface Spawner<State extends JsonValue = JsonValue> {
  /**
   * Launches the server and resolves with the origin where hub and proxy reach it, such as
   * `http://127.0.0.1:4711` (P201). The hub then waits for HTTP itself, or for HTTPS where the launch has
   * {@link Launch.tls}: the scheme of the answer counts only without it.
   */
  start(launch: Launch<State>): Promise<string>;
  /** `null` while it runs or nothing is known to the contrary; only an exit means dead. A throw means unknown. */
  poll(server: RunningServer<State>): Promise<Exit | null>;
  /**
   * Resolves when it is gone. Must cope with a server that is half-started, already gone, or whose `state` is
   * null: then it looks by `key`.
   */
  stop(server: RunningServer<State>, how: StopHow): Promise<void>;

  /** Servers are processes of the hub's own machine: only hubs of the same host may poll and stop them. */
  readonly hostBound?: boolean;
  /** Hands {@link Launch.tls} to servers. A hub with internal TLS does not start with a spawner that does not (P212). */
  readonly placesCertificates?: boolean;
  /** Where a launched server is reached, when the answer of `start` was lost with a hub. `null`: not known. */
  address?(server: RunningServer<State>): Promise<string | null>;
  /**
   * Is it this very server that answers at its address? Asked when something does, before anybody is sent there:
   * `false` fails the start as `port-taken`. `null`: the system does not tell. Left out where an address is the
   * engine's word.
   */
  owns?(server: RunningServer<State>, target: string): Promise<boolean | null>;
  /** Why a running server does not answer at its address, as far as this spawner can see. */
  diagnose?(server: RunningServer<State>, target: string): Promise<Diagnosis | null>;
  /** Many polls in one question; the answer has one entry per server asked about, by its `key`. */
  pollAll?(servers: readonly RunningServer<State>[]): Promise<ReadonlyMap<string, Exit | null>>;
  /** Keys of all that runs; what belongs to no current attempt is stopped by the hub. */
  list?(): Promise<readonly string[]>;
  /** The form shown before a start: HTML text. `null` for none. */
  optionsForm?(context: OptionsFormContext): Awaitable<string | null>;
  /** Turns the submitted form or query into user options (P211). Throws a refusal to show the form again. */
  readOptions?(
    form: Readonly<Record<string, readonly string[]>>,
    context: OptionsFormContext,
  ): Awaitable<JsonObject>;
  /** More environment, between the hub's table and the operator's `environment`. */
  env?(launch: Launch<State>): Awaitable<Readonly<Record<string, string>>>;
  /** More arguments. */
  args?(launch: Launch<State>): Awaitable<readonly string[]>;
  /** The last part of the server's output, at most `bytes`. */
  logs?(server: RunningServer<State>, bytes: number): Promise<string>;
  /** A stopped server gets another name; a throw refuses it (P214). */
  rename?(server: RunningServer<State>, newName: string): Promise<void>;
  /** The server's row is about to go for good (P213). */
  deleteForever?(server: RunningServer<State>): Promise<void>;
  /** How many more servers fit; shown to those who wait. */
  capacity?(): Promise<number | null>;
  /** What is doubtful about options and surroundings, asked at each start and by `hub check`; never throws (P118). */
  checkConfig?(): Awaitable<readonly string[]>;
}
export const Spawner = token<Spawner>('Spawner');

/** Where a server finds its key, its certificate and whom it believes (W91): `JUPYTERHUB_SSL_…`. */
export interface CertificateFiles {
  readonly keyFile: string;
  readonly certFile: string;
  readonly caFile: string;
}

/** Who is about to start what, when an options form is shown. */
export interface OptionsFormContext {
  readonly user: UserView;
  readonly server: ServerView;
  readonly lastOptions: JsonObject;
  readonly request: RequestView | null;
  /** Nonce for `<script>` and `<style>` in the form. */
  readonly cspNonce: string;
  /** Files that came with a submitted form, for `readOptions`. */
  readonly files?: readonly OptionsFile[] | undefined;
}

/** A file of a submitted options form (W30). */
export interface OptionsFile {
  /** Name of the field. */
  readonly field: string;
  readonly filename: string;
  readonly contentType: string;
  readonly body: Uint8Array;
}

/** A refusal is expected, not a fault: no stack trace, its own status, its words shown to the user (P239). */
export interface SpawnRefusal {
  readonly kind: 'spawn-refusal';
  readonly message: string;
  /** A word for metrics and logs: `capacity`, `image`. */
  readonly reason: string;
  /** HTTP status, 400 unless given. */
  readonly status: number;
  readonly messageHtml: string | null;
  /** For the operator's log only. */
  readonly logMessage: string | null;
  /** Go with the answer to whoever waits for the start, such as `Retry-After` (W112). */
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** Makes the error that refuses a start: `throw spawnRefusal('All GPUs are taken.', { reason: 'capacity', status: 503 })`. */
export function spawnRefusal(
  message: string,
  more: {
    reason?: string;
    status?: number;
    messageHtml?: string;
    logMessage?: string;
    headers?: Readonly<Record<string, string>>;
  } = {},
): Error & SpawnRefusal {
  return Object.assign(new Error(message), {
    kind: 'spawn-refusal' as const,
    reason: more.reason ?? 'refused',
    status: more.status ?? 400,
    messageHtml: more.messageHtml ?? null,
    logMessage: more.logMessage ?? null,
    headers: more.headers ?? {},
  });
}

/** Is this a refusal rather than a fault? */
export function isSpawnRefusal(error: unknown): error is Error & SpawnRefusal {
  return error instanceof Error && (error as { kind?: unknown }).kind === 'spawn-refusal';
}

/**
 * Makes the error that names a known cause of a failed start, so that the owner reads a sentence instead of a
 * stack: `throw spawnFailure('command-not-found', 'The command "foo" does not exist.')`.
 */
export function spawnFailure(
  cause: SpawnFailureCause,
  message: string,
  more: { hint?: string; cause?: unknown } = {},
): Error & {
  readonly kind: 'spawn-failure';
  readonly failure: SpawnFailureCause;
  readonly hint: string | null;
} {
  return Object.assign(new Error(message, more.cause === undefined ? undefined : { cause: more.cause }), {
    kind: 'spawn-failure' as const,
    failure: cause,
    hint: more.hint ?? null,
  });
}

/** What a spawner found out about a server that does not answer. */
export interface Diagnosis {
  readonly cause: SpawnFailureCause;
  readonly message: string;
  readonly hint?: string | undefined;
}

/** Why a start failed. */
export type SpawnFailureCause =
  | 'command-not-found'
  | 'exited'
  | 'timeout'
  | 'not-listening'
  | 'wrong-port'
  | 'not-reachable'
  | 'port-taken'
  | 'refused'
  | 'throttled'
  | 'cancelled'
  | 'interrupted'
  | 'route-failed'
  | 'stop-failed'
  | 'plugin-error'
  | 'system';
