import type { Actor } from '../kernel/index.ts';
import type { Attempts } from './attempts.ts';
import type { ServersContext } from './context.ts';
import { giveUpStop } from './forced-stop.ts';
import { stopOutcome } from './outcomes.ts';
import type { ServerOwner, ServerRecord } from './server.ts';
import { changedByOthers } from './start-request.ts';
import { isElsewhere, type StopWish, stopOnce } from './stop-request.ts';

/** Asks for stops, of one server and of many, and waits for them where that is wished. */
export class Stops {
  readonly #context: ServersContext;
  readonly #attempts: Attempts;
  readonly #closing: AbortSignal;

  constructor(context: ServersContext, attempts: Attempts, closing: AbortSignal) {
    this.#context = context;
    this.#attempts = attempts;
    this.#closing = closing;
  }

  /** See `Servers.requestStop`. */
  async request(owner: ServerOwner, name: string, wish: StopWish): Promise<ServerRecord | null> {
    for (let tries = 0; tries < 5; tries++) {
      const server = await this.#context.servers.byName(owner.id, name);
      if (!server) return null;
      const next = await stopOnce(this.#context, this.#attempts, server, wish);
      if (next !== 'again') return next;
    }
    throw changedByOthers(owner);
  }

  /** See `Servers.forceStop`. */
  async force(owner: ServerOwner, name: string, actor: Actor, seconds: number): Promise<boolean> {
    const { servers, spawners } = this.#context;
    const found = await servers.byName(owner.id, name);
    if (found && spawners.has(found.spawner)) {
      const stopping = await this.request(owner, name, { actor, remove: false });
      if (!stopping || (await this.#isOver(stopping, seconds))) return true;
    }
    const server = await servers.byName(owner.id, name);
    if (!server || server.phase === 'stopped') return true;
    return (await giveUpStop(this.#context, server, actor)) !== null;
  }

  /** Stops every server this hub can reach, and waits `seconds` at most for each. */
  async all(actor: Actor, seconds: number): Promise<void> {
    const active = await this.#context.servers.routed();
    const stops = active.map(async ({ id }) => {
      const server = await this.#context.servers.byId(id);
      // One of another host stays as it is: nobody here could end it, and its own hub finds it again.
      if (!server || isElsewhere(this.#context, server)) return;
      const owner = { id: server.userId, name: server.userName };
      const stopping = await this.request(owner, server.name, { actor, remove: false });
      if (stopping) await this.#isOver(stopping, seconds);
    });
    await Promise.allSettled(stops);
  }

  /** Asks for a stop of everything a user has running, starting or waiting; answers when it is under way. */
  async ofUser(actor: Actor, owner: ServerOwner): Promise<void> {
    for (const { name, phase } of await this.#context.servers.ofUser(owner.id)) {
      if (phase !== 'stopped') await this.request(owner, name, { actor, remove: false });
    }
  }

  #isOver(server: ServerRecord, seconds: number): Promise<boolean> {
    return stopOutcome(this.#context, server, { seconds, closing: this.#closing });
  }
}
