import { isHubError } from '../plugin/index.ts';
import type { Attempts } from './attempts.ts';
import type { ServersContext } from './context.ts';
import { stopOfDisabled } from './disabled-owners.ts';
import { stopOrphans } from './orphans.ts';
import type { ServerRecord } from './server.ts';
import { onServerNews } from './server-news.ts';
import { goOnWithStart, takeOver } from './take-over.ts';
import type { Turns } from './turns.ts';
import type { Watch } from './watching.ts';

const housekeepingMs = 1_000;
const disabledLookMs = 2_000;
const orphanHuntMs = 60_000;

/** What is done again and again, and at news: the queue, the watch, take-overs, work that was interrupted. */
export class Housekeeping {
  readonly #context: ServersContext;
  readonly #attempts: Attempts;
  readonly #watch: Watch;
  readonly #turns: Turns;
  readonly #ends: (() => void)[] = [];
  /** Rows of ours that nothing here worked on at the last look, by id, with their fence. */
  #idle: ReadonlyMap<number, number> = new Map();

  constructor(
    context: ServersContext,
    { attempts, watch, turns }: { attempts: Attempts; watch: Watch; turns: Turns },
  ) {
    this.#context = context;
    this.#attempts = attempts;
    this.#watch = watch;
    this.#turns = turns;
  }

  open(): void {
    const { changes, clock } = this.#context;
    this.#ends.push(
      changes.subscribe('queue', () => void this.#turns.look()),
      onServerNews(
        changes,
        // What this hub changed itself it knows already.
        ({ id, isOwn }) => void (isOwn || this.#heard(id)),
        () => void this.#lookForLost(),
      ),
      clock.every(housekeepingMs, () => this.quietly(() => this.#round())),
      // Apart from the rest: spawners that do not answer hold up nothing but this.
      clock.every(housekeepingMs, () => this.quietly(() => this.#watch.tick())),
      clock.every(disabledLookMs, () => this.quietly(() => stopOfDisabled(this.#context, this.#attempts))),
      clock.every(orphanHuntMs, () => this.quietly(() => stopOrphans(this.#context))),
    );
    void this.quietly(() => stopOrphans(this.#context));
  }

  close(): void {
    for (const end of this.#ends.splice(0)) end();
  }

  /** Runs what is done again in a moment anyway: a failure is told, and ends nothing. */
  async quietly(work: () => Promise<unknown>): Promise<void> {
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

  async #round(): Promise<void> {
    await takeOver(this.#context, this.#attempts);
    await this.#lookForLost();
    await this.#takeUpIdle();
    await this.#turns.look();
  }

  async #heard(id: number): Promise<void> {
    if (!this.#attempts.has(id)) return;
    const row = await this.#context.servers.byId(id).catch(() => null);
    if (row) this.#attempts.lost(id, row.fence);
  }

  async #lookForLost(): Promise<void> {
    await Promise.all(this.#attempts.launching.map((id) => this.#heard(id)));
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

  async #takeUp({ id, fence, phase }: ServerRecord): Promise<void> {
    const row = await this.#context.servers.change({ id, fence, phase }, {}, { raiseFence: true });
    if (!row) return;
    this.#context.log.warn({ user: row.userName, server: row.name, phase }, 'interrupted work is taken up');
    if (phase === 'stopping') void this.#attempts.stop(row);
    else goOnWithStart(this.#context, this.#attempts, row);
  }
}
