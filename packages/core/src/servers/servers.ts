import type { Actor } from '../kernel/index.ts';
import { type Exit, HubError, isHubError, type JsonObject, type ProgressEvent } from '../plugin/index.ts';
import { Attempts } from './attempts.ts';
import type { ServersContext } from './context.ts';
import { databaseNow } from './ports.ts';
import { progressStream } from './progress-stream.ts';
import { enqueue, type StartRequest, takeTurns } from './queue.ts';
import type { ServerRecord } from './server.ts';
import { isDisplayName, isServerName } from './server-names.ts';
import { fullName, pendingStop } from './stopping.ts';
import { takeOver } from './take-over.ts';
import { runningServer } from './views.ts';
import { Watch } from './watching.ts';

const housekeepingMs = 1_000;
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
  readonly #watch: Watch;
  readonly #ends: (() => void)[] = [];
  readonly #closing = new AbortController();
  #draining: Promise<void> | null = null;
  #drainAgain = false;

  constructor(context: ServersContext) {
    this.#context = context;
    this.#attempts = new Attempts(context, (server, exit) => void this.#died(server, exit));
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
      clock.every(housekeepingMs, () => this.#housekeeping()),
      clock.every(orphanHuntMs, () => this.#huntOrphans()),
    );
    void this.#huntOrphans();
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
   * Asks for a start (R80). Idempotent while one is pending. Throws 400 when it runs already or is being
   * stopped, 429 when there is no room.
   */
  async requestStart(
    owner: ServerOwner,
    name: string,
    request: StartRequest & { readonly displayName: string | null },
  ): Promise<ServerRecord> {
    for (let tries = 0; tries < 3; tries++) {
      const server = (await this.find(owner, name)) ?? (await this.#row(owner, name, request.displayName));
      if (server.phase === 'queued' || server.phase === 'starting') return server;
      if (server.phase === 'stopping') throw pendingStop(server);
      if (server.phase === 'ready') {
        await this.#refuseRunning(server);
        continue;
      }
      const queued = await enqueue(this.#context, server, request);
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
    const settled = await this.#until(
      server,
      seconds,
      (row) => row.phase !== 'queued' && row.phase !== 'starting',
    );
    if (settled?.phase === 'ready') return { ready: true, server: settled };
    if (settled && (settled.phase === 'queued' || settled.phase === 'starting'))
      return { ready: false, server: settled };
    throw startError(settled);
  }

  /** Asks for a stop; cancels a start (R83). `null`: it was stopped already. */
  async requestStop(
    owner: ServerOwner,
    name: string,
    options: { readonly actor: Actor; readonly remove: boolean },
  ): Promise<ServerRecord | null> {
    for (let tries = 0; tries < 5; tries++) {
      const server = await this.find(owner, name);
      if (!server) return null;
      const next = await this.#stopOnce(server, options);
      if (next !== 'again') return next;
    }
    throw new HubError(
      'HUB_CONFLICTING_CHANGE',
      `${owner.name}'s server is being changed by others. Try again.`,
    );
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

  queuePosition(server: ServerRecord): Promise<number | null> {
    return server.phase === 'queued' ? this.#context.servers.queuePosition(server.id) : Promise.resolve(null);
  }

  /** Stops every server, for a shutdown that takes them along. */
  async stopAll(actor: Actor, seconds: number): Promise<void> {
    const active = await this.#context.servers.routed();
    const stops = active.map(async ({ id }) => {
      const server = await this.#context.servers.byId(id);
      if (!server) return;
      const owner = { id: server.userId, name: server.userName };
      const stopping = await this.requestStop(owner, server.name, { actor, remove: false });
      if (stopping) await this.stopOutcome(stopping, seconds);
    });
    await Promise.allSettled(stops);
  }

  /** Tells spawners that the stopped servers of a user go for good (P213). */
  async forgetAll(owner: ServerOwner): Promise<void> {
    for (const server of await this.ofUser(owner)) {
      if (server.phase === 'stopped' && this.#context.spawners.has(server.spawner))
        await this.#deleteForever(server);
    }
  }

  /** Polls all ready servers once: after a restart, when the routes are back. */
  async pollAll(): Promise<void> {
    await this.#watch.all();
  }

  async #row(owner: ServerOwner, name: string, displayName: string | null): Promise<ServerRecord> {
    if (name !== '') await this.#checkNamed(owner, name, displayName);
    const spawner = this.#context.spawners.first.id;
    const shown = displayName === null || displayName === '' ? name : displayName;
    return this.#context.servers.ensure(owner.id, name, { displayName: name === '' ? '' : shown, spawner });
  }

  /** The checks of R78, in its order. */
  async #checkNamed(owner: ServerOwner, name: string, displayName: string | null): Promise<void> {
    const { namedServers, namedServerLimit } = this.#context.settings;
    if (!namedServers) throw badRequest('Named servers are not enabled.');
    if (namedServerLimit > 0 && (await this.#context.servers.countNamed(owner.id)) >= namedServerLimit) {
      throw badRequest(
        `User ${owner.name} already has the maximum of ${namedServerLimit} named servers.  One must be deleted before a new server can be created`,
      );
    }
    if (!isServerName(name)) throw badRequest(`Invalid server_name: '${name}'`);
    if (displayName !== null && displayName !== '' && !isDisplayName(displayName)) {
      throw badRequest(`Invalid display_name: '${displayName}'`);
    }
  }

  /** A server that died unnoticed is replaced, not refused (R80). */
  async #refuseRunning(server: ServerRecord): Promise<void> {
    const exit = await this.#watch.one(server);
    if (!exit) throw badRequest(`${fullName(server)} is already running`);
    await this.stopOutcome(server, this.#context.settings.slowStop);
  }

  async #stopOnce(
    server: ServerRecord,
    options: { readonly actor: Actor; readonly remove: boolean },
  ): Promise<ServerRecord | null | 'again'> {
    const { servers } = this.#context;
    const guard = { id: server.id, fence: server.fence, phase: server.phase };
    const removal = options.remove ? { removeWhenStopped: true } : {};
    if (server.phase === 'stopped') {
      if (options.remove && server.name !== '')
        return (await this.#removed(server, options.actor)) ? null : 'again';
      return null;
    }
    if (server.phase === 'stopping') {
      const row = await servers.change(guard, { ...removal, retryIn: 0 });
      if (!row) return 'again';
      if (server.stopTries > 0 && !this.#attempts.has(row.id)) await this.#stopHere(row);
      return row;
    }
    const target = `server:${server.userName}/${server.name}`;
    const entry = { actor: options.actor, action: 'server.stop', target };
    const cancelled = server.phase === 'ready' ? null : this.#cancelFailure(server);
    const row = await this.#context.unitOfWork.run(entry, async () => {
      const next = await servers.change(
        guard,
        server.phase === 'queued'
          ? { phase: 'stopped', owner: null, failure: cancelled, ...removal }
          : {
              phase: 'stopping',
              owner: this.#context.run.id,
              stoppingAt: databaseNow,
              failure: cancelled,
              ...removal,
            },
        { raiseFence: true },
      );
      if (next) await this.#context.changes.publish('server', String(server.id));
      return next;
    });
    if (!row) return 'again';
    if (row.phase === 'stopped') {
      if (options.remove && row.name !== '') await this.#removed(row, options.actor);
      return null;
    }
    await this.#stopHere(row);
    return row;
  }

  async #stopHere(row: ServerRecord): Promise<void> {
    this.#context.events.emit('serverStopping', { user: row.userName, server: row.name });
    void this.#attempts.stop(row);
  }

  #cancelFailure(server: ServerRecord) {
    return {
      cause: 'cancelled' as const,
      message: 'Spawn cancelled',
      hint: null,
      messageHtml: null,
      status: 500,
      expected: true,
      reason: 'cancelled',
      log: null,
      attempt: server.attempt,
      at: this.#context.clock.now().toISOString(),
    };
  }

  async #removed(server: ServerRecord, actor: Actor): Promise<boolean> {
    const { servers, spawners } = this.#context;
    if (spawners.has(server.spawner)) await this.#deleteForever(server);
    const target = `server:${server.userName}/${server.name}`;
    return this.#context.unitOfWork.run({ actor, action: 'server.delete', target }, () =>
      servers.remove({ id: server.id, fence: server.fence, phase: 'stopped' }),
    );
  }

  async #deleteForever(server: ServerRecord): Promise<void> {
    const { driver } = this.#context.spawners.get(server.spawner);
    try {
      await driver.deleteForever?.(await runningServer(this.#context, server, AbortSignal.timeout(30_000)));
    } catch (error) {
      this.#context.log.error(
        { user: server.userName, server: server.name, err: error },
        'deleteForever failed',
      );
    }
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
    this.#context.log.warn(
      { user: server.userName, server: server.name, code: exit.code, signal: exit.signal },
      'server ended by itself',
    );
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
    try {
      await takeOver(this.#context, this.#attempts);
      await this.#lookForLost();
      for (const server of await this.#context.servers.stopsDue(this.#context.run.id)) {
        if (!this.#attempts.has(server.id)) void this.#attempts.stop(server);
      }
      await this.#drain();
      await this.#watch.tick();
    } catch (error) {
      const quiet = isHubError(error) && error.code === 'HUB_DATABASE_UNAVAILABLE';
      this.#context.log[quiet ? 'debug' : 'error'](
        { err: error },
        'housekeeping of servers failed, it is tried again',
      );
    }
  }

  /** Stops what runs but belongs to no current attempt: left by a hub that was killed at a bad moment. */
  async #huntOrphans(): Promise<void> {
    for (const spawner of this.#context.spawners.all) {
      try {
        const keys = (await spawner.driver.list?.()) ?? [];
        if (keys.length === 0) continue;
        const current = await this.#context.servers.currentKeys(keys);
        for (const key of keys.filter((one) => !current.has(one))) await this.#stopOrphan(spawner.id, key);
      } catch (error) {
        this.#context.log.warn({ spawner: spawner.id, err: error }, 'orphans could not be looked for');
      }
    }
  }

  async #stopOrphan(spawner: string, key: string): Promise<void> {
    const { driver } = this.#context.spawners.get(spawner);
    this.#context.log.warn({ spawner, key }, 'a server that belongs to no attempt is stopped');
    const nobody = {
      id: '0',
      name: '',
      escapedName: '',
      admin: false,
      groups: [],
      created: '1970-01-01T00:00:00Z',
    };
    await driver.stop(
      {
        key,
        server: { id: key, name: '', displayName: '', owner: nobody, prefix: '', attempt: 0 },
        state: null,
        signal: AbortSignal.timeout(70_000),
        log: this.#context.log,
      },
      'now',
    );
  }

  /** The row once `done` says so, or as it is after `seconds`; `null` when it was deleted. */
  async #until(
    server: ServerRecord,
    seconds: number,
    done: (row: ServerRecord) => boolean,
  ): Promise<ServerRecord | null> {
    const { servers, changes, clock } = this.#context;
    const end = clock.monotonic() + seconds * 1000;
    let wake: () => void = () => undefined;
    const unsubscribe = changes.subscribe('server', (id) => id === String(server.id) && wake());
    try {
      for (;;) {
        const news = new Promise<void>((resolve) => {
          wake = resolve;
        });
        const row = await servers.byId(server.id);
        const left = end - clock.monotonic();
        if (!row || done(row) || left <= 0 || this.#closing.signal.aborted) return row;
        const timer = new AbortController();
        const either = AbortSignal.any([timer.signal, this.#closing.signal]);
        await Promise.race([news, clock.sleep(Math.min(1_000, left), either).catch(() => undefined)]);
        timer.abort();
      }
    } finally {
      unsubscribe();
    }
  }
}

/** The error a waiting start is answered with. */
function startError(server: ServerRecord | null): HubError {
  const failure = server?.failure;
  if (!failure) return new HubError('HUB_SPAWN_CANCELLED', 'Spawn cancelled', { expose: true });
  return new HubError(
    failure.cause === 'cancelled' ? 'HUB_SPAWN_CANCELLED' : 'HUB_SPAWN_FAILED',
    failure.message,
    {
      status: failure.status,
      expose: true,
      ...(failure.hint === null ? {} : { hint: failure.hint }),
    },
  );
}

function badRequest(message: string): HubError {
  return new HubError('HUB_BAD_REQUEST', message);
}

function conflict(message: string): HubError {
  return new HubError('HUB_CONFLICT', message);
}
