import type { Actor } from '../kernel/index.ts';
import { databaseNow } from '../kernel/index.ts';
import { type Exit, HubError, isHubError, type JsonObject, type ProgressEvent } from '../plugin/index.ts';
import { Attempts } from './attempts.ts';
import { namedServerLimit, type ServersContext } from './context.ts';
import { stopOfDisabled } from './disabled-owners.ts';
import { giveUpStop, unreachableAmong } from './forced-stop.ts';
import { stopOrphans } from './orphans.ts';
import { rowOnce, startError } from './outcomes.ts';
import type { StoryLine } from './ports.ts';
import { finalEvent, progressStream } from './progress-stream.ts';
import { enqueue, type StartRequest, takeTurns } from './queue.ts';
import { deleteForever } from './removal.ts';
import type { ServerRecord } from './server.ts';
import { ServerLogs } from './server-log.ts';
import { isDisplayName, isServerName } from './server-names.ts';
import { settledStart } from './settled-start.ts';
import { isElsewhere, type StopWish, stopOnce } from './stop-request.ts';
import { fullName, pendingStop } from './stopping.ts';
import { goOnWithStart, takeOver } from './take-over.ts';
import { Watch } from './watching.ts';

const housekeepingMs = 1_000;
const disabledLookMs = 2_000;
const mostOfStory = 100;
const orphanHuntMs = 60_000;

/** Whose server, by row. */
export interface ServerOwner {
  readonly id: number;
  readonly name: string;
}

/** What a start came to within the time its caller waits. */
export type StartOutcome = { readonly ready: boolean; readonly server: ServerRecord };

/** Starts, watches and stops servers. All it knows for certain is in rows; see the design, sections 5 and 5a. */
export class Servers {
  readonly #context: ServersContext;
  readonly #attempts: Attempts;
  readonly #logs: ServerLogs;
  readonly #watch: Watch;
  readonly #ends: (() => void)[] = [];
  readonly #closing = new AbortController();
  #draining: Promise<void> | null = null;
  #drainAgain = false;
  /** Rows of ours that nothing here worked on when housekeeping last looked, by id, with their fence. */
  #idle: ReadonlyMap<number, number> = new Map();

  constructor(context: ServersContext) {
    this.#context = context;
    // What the database cannot be told now, the next poll finds again.
    this.#logs = new ServerLogs(context);
    this.#attempts = new Attempts(
      context,
      this.#logs,
      (server, exit) => void this.#quietly(() => this.#died(server, exit)),
    );
    this.#watch = new Watch(context, (server, exit) => this.#died(server, exit));
  }

  /** Begins to serve the queue, to watch and to take over. */
  open(): void {
    const { changes, clock } = this.#context;
    this.#ends.push(
      changes.subscribe('queue', () => void this.#drain()),
      changes.subscribe(
        'server',
        (id) => void this.#heard(Number(id)),
        () => void this.#lookForLost(),
      ),
      clock.every(housekeepingMs, () => this.#quietly(() => this.#housekeeping())),
      // Apart from the rest: spawners that do not answer hold up nothing but this.
      clock.every(housekeepingMs, () => this.#quietly(() => this.#watch.tick())),
      clock.every(disabledLookMs, () => this.#quietly(() => stopOfDisabled(this.#context, this.#attempts))),
      clock.every(orphanHuntMs, () => this.#quietly(() => stopOrphans(this.#context))),
    );
    void this.#quietly(() => stopOrphans(this.#context));
  }

  /** Stops taking part. Launches under way are left to the next hub, which goes on with them or begins anew. */
  async close(): Promise<void> {
    for (const end of this.#ends.splice(0)) end();
    this.#closing.abort();
    await this.#draining;
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
    return this.#row(owner, '', null);
  }

  /** Makes a named server without starting it (R77). */
  async create(
    owner: ServerOwner,
    name: string,
    displayName: string | null,
    userOptions: JsonObject | null,
  ): Promise<ServerRecord> {
    if (name === '') throw conflict(`User ${owner.name} already has a default server`);
    if (await this.find(owner, name)) throw conflict(`User ${owner.name} already has server ${name}`);
    const row = await this.#row(owner, name, displayName);
    if (userOptions === null) return row;
    return (await this.#context.servers.change(row, { userOptions })) ?? row;
  }

  /**
   * Asks for a start (R80), by the spawner that its options and the hub's profiles say. Idempotent while one is
   * pending. Throws 400 when it runs already or is being stopped, or for options that cannot be; 403 for a profile
   * that is not offered to the owner; 429 when there is no room.
   */
  async requestStart(
    owner: ServerOwner,
    name: string,
    request: Omit<StartRequest, 'spawner'> & { readonly displayName: string | null },
  ): Promise<ServerRecord> {
    if (name !== '' && !this.namedAllowed) throw namedDisabled();
    for (let tries = 0; tries < 3; tries++) {
      const server = (await this.find(owner, name)) ?? (await this.#row(owner, name, request.displayName));
      if (server.phase === 'queued' || server.phase === 'starting') return server;
      this.#refuseInvalidName(server);
      if (server.phase === 'stopping') {
        this.#context.events.emit('startRefused', {
          user: owner.name,
          server: name,
          reason: 'already-pending',
        });
        throw pendingStop(server);
      }
      if (server.phase === 'ready') {
        await this.#refuseRunning(server);
        continue;
      }
      const settled = await settledStart(this.#context, server, request.userOptions);
      const queued = await enqueue(this.#context, server, { ...request, ...settled });
      if (!queued) continue; // somebody else was first: look again
      this.#context.events.emit('serverQueued', { user: queued.userName, server: queued.name });
      void this.#drain();
      return queued;
    }
    throw new HubError(
      'HUB_CONFLICTING_CHANGE',
      `${owner.name}'s server is being changed by others. Try again.`,
    );
  }

  /** Waits until the start is over, `seconds` at most. Throws what it failed with (R81). */
  async startOutcome(server: ServerRecord, seconds: number): Promise<StartOutcome> {
    // A failed start is answered when it is cleaned up: the caller may then try again at once.
    const settled = await this.#until(
      server,
      seconds,
      ({ phase }) => phase === 'ready' || phase === 'stopped',
    );
    if (settled?.phase === 'ready') return { ready: true, server: settled };
    if (settled && (settled.phase === 'queued' || settled.phase === 'starting'))
      return { ready: false, server: settled };
    throw startError(settled);
  }

  /** Asks for a stop; cancels a start (R83). `null`: it was stopped already. */
  async requestStop(owner: ServerOwner, name: string, options: StopWish): Promise<ServerRecord | null> {
    for (let tries = 0; tries < 5; tries++) {
      const server = await this.find(owner, name);
      if (!server) return null;
      const next = await stopOnce(this.#context, this.#attempts, server, options);
      if (next !== 'again') return next;
    }
    throw new HubError(
      'HUB_CONFLICTING_CHANGE',
      `${owner.name}'s server is being changed by others. Try again.`,
    );
  }

  /**
   * A stop that an administrator insists on: asked for as usual, and given up after `seconds` where it cannot succeed.
   * True: it is stopped, or counts as that.
   */
  async forceStop(owner: ServerOwner, name: string, actor: Actor, seconds: number): Promise<boolean> {
    const found = await this.find(owner, name);
    if (found && this.#context.spawners.has(found.spawner)) {
      const stopping = await this.requestStop(owner, name, { actor, remove: false });
      if (!stopping || (await this.stopOutcome(stopping, seconds))) return true;
    }
    const server = await this.find(owner, name);
    if (!server || server.phase === 'stopped') return true;
    return (await giveUpStop(this.#context, server, actor)) !== null;
  }

  /** Ids of those of these servers that no hub can reach at the moment. */
  unreachable(servers: readonly ServerRecord[]): Promise<ReadonlySet<number>> {
    return unreachableAmong(this.#context, servers);
  }

  /** Waits until it is stopped, `seconds` at most. True: it is. */
  async stopOutcome(server: ServerRecord, seconds: number): Promise<boolean> {
    const row = await this.#until(server, seconds, ({ phase }) => phase === 'stopped');
    return row === null || row.phase === 'stopped';
  }

  /** Looks whether a ready server really runs, and forgets it when it does not. */
  async pollNow(server: ServerRecord): Promise<Exit | null> {
    return server.phase === 'ready' ? this.#watch.one(server) : null;
  }

  progress(server: ServerRecord, signal: AbortSignal): AsyncIterable<ProgressEvent> {
    return progressStream(this.#context, server, AbortSignal.any([signal, this.#closing.signal]));
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

  /** The one event a finished start is told by (R89, R90). */
  finalEvent(server: ServerRecord): Promise<ProgressEvent> {
    return finalEvent(this.#context, server);
  }

  queuePosition(server: ServerRecord): Promise<number | null> {
    return server.phase === 'queued' ? this.#context.servers.queuePosition(server.id) : Promise.resolve(null);
  }

  /** Stops every server, for a shutdown that takes them along. */
  async stopAll(actor: Actor, seconds: number): Promise<void> {
    const active = await this.#context.servers.routed();
    const stops = active.map(async ({ id }) => {
      const server = await this.#context.servers.byId(id);
      // One of another host stays as it is: nobody here could end it, and its own hub finds it again.
      if (!server || isElsewhere(this.#context, server)) return;
      const owner = { id: server.userId, name: server.userName };
      const stopping = await this.requestStop(owner, server.name, { actor, remove: false });
      if (stopping) await this.stopOutcome(stopping, seconds);
    });
    await Promise.allSettled(stops);
  }

  /** Asks for a stop of everything a user has running, starting or waiting; answers when it is under way. */
  async stopOfUser(actor: Actor, owner: ServerOwner): Promise<void> {
    for (const { name, phase } of await this.ofUser(owner)) {
      if (phase !== 'stopped') await this.requestStop(owner, name, { actor, remove: false });
    }
  }

  /** Tells spawners that the stopped servers of a user go for good (P213). */
  async forgetAll(owner: ServerOwner): Promise<void> {
    for (const server of await this.ofUser(owner)) {
      if (server.phase === 'stopped') await deleteForever(this.#context, server);
    }
  }

  /** Polls all ready servers once: after a restart, when the routes are back. */
  async pollAll(): Promise<void> {
    await this.#watch.all();
  }

  async #row(owner: ServerOwner, name: string, displayName: string | null): Promise<ServerRecord> {
    if (name !== '') await this.checkNamed(owner, name, displayName);
    const spawner = this.#context.spawners.first.id;
    const shown = displayName === null || displayName === '' ? name : displayName;
    return this.#context.servers.ensure(owner.id, name, { displayName: name === '' ? '' : shown, spawner });
  }

  /** May there be a new server of this name? The checks of R78, in its order; throws 400. */
  async checkNamed(owner: ServerOwner, name: string, displayName: string | null): Promise<void> {
    if (!this.namedAllowed) throw namedDisabled();
    const limit = await this.namedLimitOf(owner);
    if (limit > 0 && (await this.#context.servers.countNamed(owner.id)) >= limit) {
      throw badRequest(
        `User ${owner.name} already has the maximum of ${limit} named servers.  One must be deleted before a new server can be created`,
      );
    }
    if (!isServerName(name)) throw badRequest(`Invalid server_name: '${name}'`);
    if (displayName !== null && displayName !== '' && !isDisplayName(displayName)) {
      throw badRequest(`Invalid display_name: '${displayName}'`);
    }
  }

  /** P238: an old one of a name that no new one may have. */
  #refuseInvalidName({ name }: ServerRecord): void {
    if (name === '' || this.#context.settings.startInvalidNames || isServerName(name)) return;
    throw badRequest(`Invalid server_name: '${name}'`);
  }

  /** A server that died unnoticed is replaced, not refused (R80). */
  async #refuseRunning(server: ServerRecord): Promise<void> {
    const exit = await this.#watch.one(server);
    if (!exit) throw badRequest(`${fullName(server)} is already running`);
    await this.stopOutcome(server, this.#context.settings.slowStop);
  }

  /** A ready server is gone: clean up after it. Who is second finds another fence or phase. */
  async #died(server: ServerRecord, exit: Exit): Promise<void> {
    const current = await this.#context.servers.byId(server.id);
    if (!current || current.attempt !== server.attempt || current.phase !== 'ready') return;
    const row = await this.#context.servers.change(
      { id: current.id, fence: current.fence, phase: 'ready' },
      { phase: 'stopping', owner: this.#context.run.id, stoppingAt: databaseNow },
      { raiseFence: true },
    );
    if (!row) return;
    const fields = { user: server.userName, server: server.name, code: exit.code, signal: exit.signal };
    // Servers that end themselves when nobody uses them do so with 0, and that is no trouble.
    if (exit.code === 0 && !exit.signal) this.#context.log.info(fields, 'server ended by itself');
    else this.#context.log.warn(fields, 'server ended by itself');
    await this.#context.changes.publish('server', String(row.id));
    await this.#attempts.stop(row);
  }

  /** Launches what its turn has come for. Calls that arrive meanwhile make it look once more. */
  async #drain(): Promise<void> {
    this.#drainAgain = true;
    this.#draining ??= (async () => {
      while (this.#drainAgain && !this.#closing.signal.aborted) {
        this.#drainAgain = false;
        try {
          for (const server of await takeTurns(this.#context)) this.#attempts.begin(server);
        } catch (error) {
          this.#context.log.warn({ err: error }, 'the queue could not be looked at, it is tried again');
        }
      }
      this.#draining = null;
    })();
    await this.#draining;
  }

  async #heard(id: number): Promise<void> {
    if (!this.#attempts.has(id)) return;
    const row = await this.#context.servers.byId(id).catch(() => null);
    if (row) this.#attempts.lost(id, row.fence);
  }

  async #lookForLost(): Promise<void> {
    await Promise.all(this.#attempts.launching.map((id) => this.#heard(id)));
  }

  async #housekeeping(): Promise<void> {
    await takeOver(this.#context, this.#attempts);
    await this.#lookForLost();
    await this.#takeUpIdle();
    await this.#drain();
  }

  /**
   * Goes on with rows of ours that nothing here works on: failed stops whose time has come, and what is left
   * when the database went away in the middle (a write reported as failed may have been committed). Those are
   * taken up at the second look, for the first may come just before their work begins.
   */
  async #takeUpIdle(): Promise<void> {
    if (!this.#context.leases.fresh) return;
    const owned = await this.#context.servers.ownedAndDue(this.#context.run.id);
    const idle = owned.filter(({ id }) => !this.#attempts.has(id));
    const seen = this.#idle;
    this.#idle = new Map(idle.map(({ id, fence }) => [id, fence]));
    for (const server of idle) {
      if (server.stopTries > 0) void this.#attempts.stop(server);
      else if (seen.get(server.id) === server.fence) await this.#takeUp(server);
    }
  }

  async #takeUp(server: ServerRecord): Promise<void> {
    const { id, fence, phase } = server;
    const row = await this.#context.servers.change({ id, fence, phase }, {}, { raiseFence: true });
    if (!row) return;
    this.#context.log.warn({ user: row.userName, server: row.name, phase }, 'interrupted work is taken up');
    if (phase === 'stopping') void this.#attempts.stop(row);
    else goOnWithStart(this.#context, this.#attempts, row);
  }

  /** Runs what is done again in a moment anyway: a failure is told, and ends nothing. */
  async #quietly(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      const quiet = isHubError(error) && error.code === 'HUB_DATABASE_UNAVAILABLE';
      this.#context.log[quiet ? 'debug' : 'error'](
        { err: error },
        'housekeeping of servers failed, it is tried again',
      );
    }
  }

  /** The row once `done` says so, or as it is after `seconds`; `null` when it was deleted. */
  #until(
    server: ServerRecord,
    seconds: number,
    done: (row: ServerRecord) => boolean,
  ): Promise<ServerRecord | null> {
    return rowOnce(this.#context, server, { seconds, closing: this.#closing.signal }, done);
  }
}

function badRequest(message: string): HubError {
  return new HubError('HUB_BAD_REQUEST', message);
}

function namedDisabled(): HubError {
  return badRequest('Named servers are not enabled.');
}

function conflict(message: string): HubError {
  return new HubError('HUB_CONFLICT', message);
}
