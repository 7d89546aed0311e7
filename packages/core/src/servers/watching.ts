import { createHash } from 'node:crypto';
import { withDeadline } from '../kernel/index.ts';
import type { Exit, JsonValue, RunningServer } from '../plugin/index.ts';
import type { ServersContext } from './context.ts';
import type { ServerRecord } from './server.ts';
import type { SpawnerInstance } from './spawners.ts';
import { runningServer } from './views.ts';

const mostSlices = 10;
const pollsAtOnce = 20;
/** Ticks do not come on the dot: one that is a little early must not wait for the next. */
const tickSlackMs = 100;

/** What the watch found: an exit means dead; everything else means it may still run. */
export type OnDeath = (server: ServerRecord, exit: Exit) => Promise<void>;

/**
 * Looks at every ready server once per poll interval, a slice of them at a time. Each is looked at by one live
 * hub that has its spawner (and host), chosen by rendezvous hash; two hubs asking about one for a second is
 * harmless.
 */
export class Watch {
  readonly #context: ServersContext;
  readonly #onDeath: OnDeath;
  readonly #unknown = new Set<number>();
  readonly #turn = new Map<string, number>();
  readonly #nextAt = new Map<string, number>();

  constructor(context: ServersContext, onDeath: OnDeath) {
    this.#context = context;
    this.#onDeath = onDeath;
  }

  /** Does what is due. Called often; cheap when nothing is. */
  async tick(): Promise<void> {
    await Promise.all(this.#context.spawners.all.map((spawner) => this.#tickOf(spawner)));
  }

  async #tickOf(spawner: SpawnerInstance): Promise<void> {
    const now = this.#context.clock.monotonic();
    if (now < (this.#nextAt.get(spawner.id) ?? 0)) return;
    const { pollInterval, pollJitter } = spawner.options;
    if (pollInterval === 0) return; // its servers are never looked at unasked (P250)
    // A look a second is the most this is called for: short intervals have fewer and larger slices.
    const slices = Math.max(1, Math.min(mostSlices, Math.floor(pollInterval)));
    const spread = 1 + (pollJitter * this.#context.ids.integer(-1000, 1000)) / 1000;
    this.#nextAt.set(spawner.id, now + (pollInterval * 1000 * spread) / slices - tickSlackMs);
    const turn = ((this.#turn.get(spawner.id) ?? -1) + 1) % slices;
    this.#turn.set(spawner.id, turn);
    await this.#look(spawner, (server) => server.id % slices === turn);
  }

  /** Looks at all of them now, at start-up, and answers how many there were for this hub to look at. */
  async all(): Promise<number> {
    let looked = 0;
    for (const spawner of this.#context.spawners.all) looked += await this.#look(spawner, () => true);
    return looked;
  }

  /** Asks about one server now. `null`: it runs, or nothing is known to the contrary. */
  async one(server: ServerRecord): Promise<Exit | null> {
    if (!this.#context.spawners.has(server.spawner)) return null;
    const spawner = this.#context.spawners.get(server.spawner);
    if (spawner.driver.hostBound && server.host !== null && server.host !== this.#context.run.host)
      return null;
    const exit = await this.#poll(spawner, server);
    if (exit) await this.#onDeath(server, exit);
    return exit;
  }

  async #look(spawner: SpawnerInstance, mine: (server: ServerRecord) => boolean): Promise<number> {
    const { servers, run } = this.#context;
    const ready = await servers.readyServers({
      spawners: [spawner.id],
      host: run.host,
      hostBound: spawner.driver.hostBound ? [spawner.id] : [],
    });
    const due = ready.filter(mine);
    if (due.length === 0) return 0;
    const hubs = (await servers.liveHubs()).filter(
      (hub) => hub.spawners.includes(spawner.id) && (!spawner.driver.hostBound || hub.host === run.host),
    );
    const ours = due.filter((server) => chosen(server.id, hubs) === run.id);
    if (spawner.driver.pollAll) await this.#lookAtAll(spawner, ours);
    else await inParallel(ours, pollsAtOnce, (server) => this.one(server).then(() => undefined));
    return ours.length;
  }

  async #lookAtAll(spawner: SpawnerInstance, servers: readonly ServerRecord[]): Promise<void> {
    if (servers.length === 0) return;
    try {
      const exits = await this.#within(spawner, async (signal) => {
        const asked = await Promise.all(
          servers.map((server) => runningServer(this.#context, server, signal)),
        );
        return (await spawner.driver.pollAll?.(asked)) ?? new Map<string, Exit | null>();
      });
      for (const server of servers) {
        const exit = exits.get(`${server.id}-${server.attempt}`);
        if (exit) await this.#onDeath(server, exit);
      }
    } catch (error) {
      this.#context.log.warn({ spawner: spawner.id, err: error }, 'servers could not be polled');
    }
  }

  async #poll(spawner: SpawnerInstance, server: ServerRecord): Promise<Exit | null> {
    const began = this.#context.clock.monotonic();
    try {
      const exit = await this.#within(spawner, async (signal) => {
        const asked: RunningServer<JsonValue> = await runningServer(this.#context, server, signal);
        return spawner.driver.poll(asked);
      });
      this.#unknown.delete(server.id);
      const seconds = (this.#context.clock.monotonic() - began) / 1000;
      this.#context.events.emit('serverPolled', { running: exit === null, seconds });
      return exit;
    } catch (error) {
      if (!this.#unknown.has(server.id)) {
        this.#unknown.add(server.id);
        this.#context.log.warn(
          { user: server.userName, server: server.name, err: error },
          'server could not be polled, it is taken to run',
        );
      }
      return null;
    }
  }

  #within<T>(spawner: SpawnerInstance, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const overdue = () => this.#context.events.emit('pluginOverdue', { plugin: spawner.name, call: 'poll' });
    return withDeadline(
      this.#context.clock,
      `Polling by ${spawner.name}`,
      spawner.options.pollTimeout,
      null,
      work,
      overdue,
    );
  }
}

/** Rendezvous hashing: every hub comes to the same answer, and one that leaves gives away only its own. */
function chosen(serverId: number, hubs: readonly { readonly id: string }[]): string | null {
  let best: string | null = null;
  let highest = '';
  for (const { id } of hubs) {
    const weight = createHash('sha256').update(`${id}/${serverId}`).digest('hex');
    if (best === null || weight > highest) {
      best = id;
      highest = weight;
    }
  }
  return best;
}

async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.pop(); item !== undefined; item = waiting.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, worker));
}
