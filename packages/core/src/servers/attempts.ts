import { databaseNow } from '../kernel/index.ts';
import { type Exit, isHubError, isSpawnRefusal, type UserView } from '../plugin/index.ts';
import { type Attempt, LostLaunch } from './attempt.ts';
import { secondsStarting } from './attempt-end.ts';
import type { ServersContext } from './context.ts';
import { describeFailure } from './failure.ts';
import { finishLaunch, launch } from './launch.ts';
import type { Failure, ServerRecord } from './server.ts';
import type { ServerLogs } from './server-log.ts';
import { tellServer } from './server-news.ts';
import { runStop } from './stopping.ts';

const logTailBytes = 8_192;
const longestFarewellMs = 10_000;

interface Running {
  readonly fence: number;
  readonly abort: (reason: unknown) => void;
  readonly done: Promise<void>;
}

/** The launches and stops this hub has under way. Everything about them is in rows; here are only their signals. */
export class Attempts {
  readonly #context: ServersContext;
  readonly #logs: ServerLogs;
  readonly #launches = new Map<number, Running>();
  readonly #stops = new Map<number, Promise<void>>();
  readonly #held = new Map<number, Promise<void>>();
  readonly #onExit: (server: ServerRecord, exit: Exit) => void;

  constructor(context: ServersContext, logs: ServerLogs, onExit: (server: ServerRecord, exit: Exit) => void) {
    this.#context = context;
    this.#logs = logs;
    this.#onExit = onExit;
  }

  /** Is anything about this server under way here? */
  has(id: number): boolean {
    return this.#launches.has(id) || this.#stops.has(id) || this.#held.has(id);
  }

  /** Counts `work` on a server as under way until it settles. It must not reject. */
  hold(id: number, work: Promise<void>): void {
    this.#held.set(id, work);
    void work.finally(() => {
      if (this.#held.get(id) === work) this.#held.delete(id);
    });
  }

  /** Launches a server this hub owns in `starting`. */
  begin(server: ServerRecord): void {
    this.#track(server, (attempt) => launch(this.#context, attempt));
  }

  /** Goes on with a launch that another hub began and whose address is known. */
  resume(server: ServerRecord, target: string): void {
    const spawner = this.#context.spawners.get(server.spawner);
    const earlier = secondsStarting(server, this.#context.clock.now());
    this.#track(server, (attempt) => finishLaunch(this.#context, attempt, spawner, target), earlier);
  }

  /** Stops a server this hub owns in `stopping`; a launch of it under way here is ended first. */
  stop(server: ServerRecord): Promise<void> {
    const earlier = this.#stops.get(server.id);
    const work = (async () => {
      if (!earlier && !this.#launches.has(server.id)) return runStop(this.#context, server);
      await earlier;
      await this.#endLaunch(server.id);
      // An earlier stop, or another hub, may have ended it meanwhile; its successor is not ours to touch.
      const current = await this.#context.servers.byId(server.id);
      if (current?.phase === 'stopping' && current.fence === server.fence)
        await runStop(this.#context, current);
    })()
      .catch((error: unknown) => {
        // The row stays `stopping` with its owner: it is taken up again in a moment, here or elsewhere.
        this.#context.log.error(
          { user: server.userName, server: server.name, err: error },
          'stop interrupted',
        );
      })
      .finally(() => {
        if (this.#stops.get(server.id) === work) this.#stops.delete(server.id);
      });
    this.#stops.set(server.id, work);
    return work;
  }

  /** Another hub changed this row: a launch here that lost it is told at once. */
  lost(id: number, fence: number): void {
    const running = this.#launches.get(id);
    if (running && running.fence !== fence) running.abort(new LostLaunch());
  }

  get launching(): readonly number[] {
    return [...this.#launches.keys()];
  }

  /** Leaves all launches to the next hub, and waits for what is under way, stops included, a few seconds. */
  async giveUpLaunches(): Promise<void> {
    for (const { abort } of this.#launches.values()) abort(new LostLaunch());
    const launches = [...this.#launches.values()].map(({ done }) => done);
    await this.#atMost(
      longestFarewellMs,
      Promise.all([...launches, ...this.#stops.values(), ...this.#held.values()]),
    );
  }

  async #atMost(ms: number, work: Promise<unknown>): Promise<void> {
    const timer = new AbortController();
    // Aborted means that the work was first.
    await Promise.race([work, this.#context.clock.sleep(ms, timer.signal).catch(() => undefined)]);
    timer.abort();
  }

  #track(server: ServerRecord, work: (attempt: Attempt) => Promise<ServerRecord>, earlier = 0): void {
    const controller = new AbortController();
    const exit = Promise.withResolvers<Exit>();
    let settled = false;
    let reported: Exit | null = null;
    const attempt: Attempt = {
      server,
      signal: controller.signal,
      abort: (reason) => controller.abort(reason),
      secrets: this.#logs.secretsOf(server),
      exited: exit.promise,
      reportExit: (report) => {
        exit.resolve(report);
        reported ??= report;
        if (settled) this.#onExit(server, report);
      },
    };
    const began = this.#context.clock.monotonic();
    const seconds = () => earlier + (this.#context.clock.monotonic() - began) / 1000;
    const name = { user: server.userName, server: server.name, attempt: server.attempt };
    const done = (async () => {
      this.#context.events.emit('serverStarting', name);
      try {
        const ready = await work(attempt);
        settled = true;
        this.#context.log.info({ ...name, seconds: seconds() }, 'server ready');
        this.#context.events.emit('serverReady', { ...name, seconds: seconds() });
        if (reported) this.#onExit(server, reported); // it died in the very moment it became ready
        const { hooks } = this.#context;
        void this.#tellOwner(ready, (owner) => hooks.afterSpawn(owner, ready));
      } catch (error) {
        settled = true;
        await this.#failed(attempt, error, seconds());
      }
    })()
      .catch((error: unknown) => {
        // The row stays `starting` under this owner: it is taken up again in a moment, here or elsewhere.
        this.#context.log.error({ ...name, err: error }, 'launch interrupted');
      })
      .finally(() => {
        if (this.#launches.get(server.id)?.done === done) this.#launches.delete(server.id);
      });
    this.#launches.set(server.id, { fence: server.fence, abort: attempt.abort, done });
  }

  async #failed(attempt: Attempt, error: unknown, seconds: number): Promise<void> {
    const { server, signal } = attempt;
    const name = { user: server.userName, server: server.name, attempt: server.attempt };
    if (error instanceof LostLaunch || (signal.aborted && signal.reason instanceof LostLaunch)) {
      this.#context.log.info(name, 'launch given up, the server is in other hands');
      return;
    }
    if (isHubError(error) && error.code === 'HUB_DATABASE_UNAVAILABLE') throw error; // no fault of the server
    const failure = await this.#describe(attempt, signal.aborted ? signal.reason : error);
    this.#tell(name, failure, error);
    const stopping = await this.#context.unitOfWork.run(null, async () => {
      const row = await this.#context.servers.change(
        { id: server.id, fence: server.fence, phase: 'starting' },
        { phase: 'stopping', stoppingAt: databaseNow, failure },
      );
      if (row) tellServer(this.#context.changes, row);
      return row;
    });
    if (!stopping) return; // cancelled meanwhile: who cancelled it stops it
    this.#context.events.emit('serverFailed', {
      ...name,
      cause: failure.reason,
      expected: failure.expected,
      seconds,
    });
    const { hooks } = this.#context;
    void this.#tellOwner(stopping, (owner) => hooks.onSpawnFailure(owner, stopping, failure));
    // Not through stop(): that waits for this very launch to end.
    await runStop(this.#context, stopping);
  }

  /** A hook about somebody who is still there. Nobody waits for it, and it never rejects. */
  async #tellOwner(server: ServerRecord, tell: (owner: UserView) => Promise<void>): Promise<void> {
    try {
      const owner = await this.#context.owners.view(server.userId);
      if (owner) await tell(owner);
    } catch (error) {
      this.#context.log.warn({ user: server.userName, server: server.name, err: error }, 'hook not called');
    }
  }

  #tell(name: object, failure: Failure, error: unknown): void {
    const words = isSpawnRefusal(error) && error.logMessage ? { words: error.logMessage } : {};
    const fields = { ...name, cause: failure.cause, reason: failure.message, ...words };
    if (failure.expected) this.#context.log.info(fields, 'start refused');
    else if (failure.cause === 'plugin-error')
      this.#context.log.error({ ...fields, err: error }, 'start failed');
    else this.#context.log.warn({ ...fields, err: error }, 'start failed');
  }

  async #describe(attempt: Attempt, error: unknown): Promise<Failure> {
    const { server } = attempt;
    const now = this.#context.clock.now().toISOString();
    const log = await this.#logTail(attempt);
    const described = describeFailure(error, { attempt: server.attempt, now, log });
    const failure = { ...described, ...this.#logs.withoutSecrets(server, described) };
    if (failure.status !== 429 || failure.headers) return failure;
    // A full engine is a full hub to whoever waits (P228).
    const wait = this.#context.ids.integer(...this.#context.settings.retryAfter);
    return { ...failure, headers: { 'Retry-After': String(wait) } };
  }

  async #logTail({ server }: Attempt): Promise<string | null> {
    const current = (await this.#context.servers.byId(server.id).catch(() => null)) ?? server;
    return this.#logs.ofFailure(current, logTailBytes);
  }

  async #endLaunch(id: number): Promise<void> {
    const running = this.#launches.get(id);
    if (!running) return;
    running.abort(new LostLaunch());
    await this.#atMost(5_000, running.done);
  }
}
