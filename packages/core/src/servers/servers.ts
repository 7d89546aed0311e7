import type { Actor } from '../kernel/index.ts';
import type { Exit, ProgressEvent } from '../plugin/index.ts';
import { Attempts } from './attempts.ts';
import { namedServerLimit, type ServersContext } from './context.ts';
import { fewAtOnce } from './few-at-once.ts';
import { unreachableAmong } from './forced-stop.ts';
import { Housekeeping } from './housekeeping.ts';
import { checkNamed, ensureServer } from './named-servers.ts';
import { type StartOutcome, startOutcome, stopOutcome } from './outcomes.ts';
import type { StoryLine } from './ports.ts';
import { finalEvent, progressStream } from './progress-stream.ts';
import { deleteForever } from './removal.ts';
import { isRenaming } from './renaming.ts';
import type { ServerOwner, ServerRecord } from './server.ts';
import { cleanUpEnded } from './server-ended.ts';
import { ServerLogs } from './server-log.ts';
import { requestStart, type StartWish } from './start-request.ts';
import type { StopWish } from './stop-request.ts';
import { Stops } from './stops.ts';
import { Turns } from './turns.ts';
import { Watch } from './watching.ts';

const mostOfStory = 100;

/** Starts, watches and stops servers. All it knows for certain is in rows; see the design, sections 5 and 5a. */
export class Servers {
  readonly #context: ServersContext;
  readonly #attempts: Attempts;
  readonly #logs: ServerLogs;
  readonly #watch: Watch;
  readonly #turns: Turns;
  readonly #stops: Stops;
  readonly #housekeeping: Housekeeping;
  /** They wait for one lock: a crowd of them would take all connections, and others none. */
  readonly #enqueueing = fewAtOnce(2);
  readonly #closing = new AbortController();

  constructor(context: ServersContext) {
    const { signal } = this.#closing;
    const ended = (server: ServerRecord, exit: Exit) => cleanUpEnded(context, this.#attempts, server, exit);
    this.#context = context;
    this.#logs = new ServerLogs(context);
    // What the database cannot be told now, the next poll finds again.
    this.#attempts = new Attempts(
      context,
      this.#logs,
      (server, exit) => void this.#housekeeping.quietly(() => ended(server, exit)),
    );
    this.#watch = new Watch(context, ended);
    this.#turns = new Turns(context, this.#attempts, signal);
    this.#stops = new Stops(context, this.#attempts, signal);
    this.#housekeeping = new Housekeeping(context, {
      attempts: this.#attempts,
      watch: this.#watch,
      turns: this.#turns,
    });
  }

  /** Begins to serve the queue, to watch and to take over. */
  open(): void {
    this.#housekeeping.open();
  }

  /** Stops taking part. Launches under way are left to the next hub, which goes on with them or begins anew. */
  async close(): Promise<void> {
    this.#housekeeping.close();
    this.#closing.abort();
    await this.#turns.settled();
    await this.#attempts.giveUpLaunches();
  }

  find(owner: ServerOwner, name: string): Promise<ServerRecord | null> {
    return this.#context.servers.byName(owner.id, name);
  }

  ofUser(owner: ServerOwner): Promise<readonly ServerRecord[]> {
    return this.#context.servers.ofUser(owner.id);
  }

  /** How many named servers a user may have; 0 is no limit. */
  namedLimitOf(owner: ServerOwner): Promise<number> {
    return namedServerLimit(this.#context.settings, owner.id);
  }

  /** May users have named servers? */
  get namedAllowed(): boolean {
    return this.#context.settings.namedServers;
  }

  /** The default server's row; made when it is missing, for every user has one. */
  defaultOf(owner: ServerOwner): Promise<ServerRecord> {
    return ensureServer(this.#context, owner, '', null);
  }

  /** May there be a new server of this name? The checks of R78, in its order; throws 400. */
  checkNamed(owner: ServerOwner, name: string, displayName: string | null): Promise<void> {
    return checkNamed(this.#context, owner, name, displayName);
  }

  /**
   * Asks for a start (R80), by the spawner that its options and the hub's profiles say. Idempotent while one is
   * pending. Throws 400 when it runs already or is being stopped, or for options that cannot be; 403 for a profile
   * that is not offered to the owner; 429 when there is no room.
   */
  requestStart(owner: ServerOwner, name: string, wish: StartWish): Promise<ServerRecord> {
    const onQueued = () => void this.#turns.look();
    const stillRuns = (server: ServerRecord) => this.#stillRuns(server);
    return requestStart(this.#context, { stillRuns, onQueued, inTurn: this.#enqueueing }, owner, name, wish);
  }

  /** Waits until the start is over, `seconds` at most. Throws what it failed with (R81). */
  startOutcome(server: ServerRecord, seconds: number): Promise<StartOutcome> {
    return startOutcome(this.#context, server, { seconds, closing: this.#closing.signal });
  }

  /** Asks for a stop; cancels a start (R83). `null`: it was stopped already. */
  requestStop(owner: ServerOwner, name: string, wish: StopWish): Promise<ServerRecord | null> {
    return this.#stops.request(owner, name, wish);
  }

  /**
   * A stop that an administrator insists on: asked for as usual, and given up after `seconds` where it cannot succeed.
   * True: it is stopped, or counts as that.
   */
  forceStop(owner: ServerOwner, name: string, actor: Actor, seconds: number): Promise<boolean> {
    return this.#stops.force(owner, name, actor, seconds);
  }

  /** Is it stopped, and its spawner being asked for another name? */
  renaming(server: ServerRecord): Promise<boolean> {
    return isRenaming(this.#context, server);
  }

  /** Waits until it is stopped, `seconds` at most. True: it is. */
  stopOutcome(server: ServerRecord, seconds: number): Promise<boolean> {
    return stopOutcome(this.#context, server, { seconds, closing: this.#closing.signal });
  }

  /** Stops every server, for a shutdown that takes them along. */
  stopAll(actor: Actor, seconds: number): Promise<void> {
    return this.#stops.all(actor, seconds);
  }

  /** Asks for a stop of everything a user has running, starting or waiting; answers when it is under way. */
  stopOfUser(actor: Actor, owner: ServerOwner): Promise<void> {
    return this.#stops.ofUser(actor, owner);
  }

  /** Ids of those of these servers that no hub can reach at the moment. */
  unreachable(servers: readonly ServerRecord[]): Promise<ReadonlySet<number>> {
    return unreachableAmong(this.#context, servers);
  }

  /** Looks whether a ready server really runs, and forgets it when it does not. */
  async pollNow(server: ServerRecord): Promise<Exit | null> {
    return server.phase === 'ready' ? this.#watch.one(server) : null;
  }

  /** Looks at all ready servers once: after a restart, when the routes are back. */
  async pollAll(): Promise<void> {
    const { clock, log } = this.#context;
    const began = clock.monotonic();
    const servers = await this.#watch.all();
    const seconds = (clock.monotonic() - began) / 1000;
    if (servers > 0) log.info({ servers, seconds }, 'running servers were looked at');
  }

  progress(server: ServerRecord, signal: AbortSignal): AsyncIterable<ProgressEvent> {
    return progressStream(this.#context, server, AbortSignal.any([signal, this.#closing.signal]));
  }

  /** The one event a finished start is told by (R89, R90). */
  finalEvent(server: ServerRecord): Promise<ProgressEvent> {
    return finalEvent(this.#context, server);
  }

  /** What was told during the last attempt, oldest first, the newest 100 sentences. */
  story(server: ServerRecord): Promise<readonly StoryLine[]> {
    return this.#context.servers.story(server.id, server.attempt, mostOfStory);
  }

  /** The last `bytes` of its log, without secrets. Throws 404 where there is none, 503 where it cannot be read. */
  log(server: ServerRecord, bytes: number): Promise<string> {
    return this.#logs.tail(server, bytes);
  }

  /** Has its spawner logs to show? */
  hasLog({ spawner }: ServerRecord): boolean {
    const { spawners } = this.#context;
    return spawners.has(spawner) && spawners.get(spawner).driver.logs !== undefined;
  }

  queuePosition(server: ServerRecord): Promise<number | null> {
    return server.phase === 'queued' ? this.#context.servers.queuePosition(server.id) : Promise.resolve(null);
  }

  /** Tells spawners that the stopped servers of a user go for good (P213). */
  async forgetAll(owner: ServerOwner): Promise<void> {
    for (const server of await this.ofUser(owner)) {
      if (server.phase === 'stopped') await deleteForever(this.#context, server);
    }
  }

  async #stillRuns(server: ServerRecord): Promise<boolean> {
    if ((await this.#watch.one(server)) === null) return true;
    await this.stopOutcome(server, this.#context.settings.slowStop);
    return false;
  }
}
