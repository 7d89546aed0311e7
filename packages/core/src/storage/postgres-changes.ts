import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import type postgres from 'postgres';
import { type Changes, type Channel, type Listener, withDeadline } from '../kernel/index.ts';
import type { Clock, Logger } from '../plugin/index.ts';
import { type Connection, type Database, openClient } from './database.ts';

const channelName = 'hub';
const heartbeatMs = 1_000;
const silenceMs = 3_000;
/** How long news wait for others to travel with. */
const gatherMs = 5;
const listenSeconds = 5;

interface Subscription {
  readonly channel: Channel;
  readonly listener: Listener;
  readonly onGap: (() => void) | undefined;
}

/**
 * News between hubs over LISTEN and NOTIFY. The hub notifies itself each second; after three seconds without
 * its own message the listening connection is made anew, and everyone who listens is told of the gap.
 */
export class PostgresChanges implements Changes {
  readonly #db: Database;
  readonly #connection: () => Connection;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #hubId: string;
  /** To be told; a NOTIFY in each transaction would have all of them wait for each other at their commit. */
  readonly #news = new Set<string>();
  #telling: Promise<void> | null = null;
  readonly #subscriptions = new Set<Subscription>();
  #listener: postgres.Sql | null = null;
  #stopHeartbeat: (() => void) | null = null;
  #lastHeard = 0;

  constructor(deps: {
    db: Database;
    listenConnection: () => Connection;
    clock: Clock;
    log: Logger;
    hubId: string;
  }) {
    this.#db = deps.db;
    this.#connection = deps.listenConnection;
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#hubId = deps.hubId;
  }

  async open(): Promise<void> {
    await this.#listen();
    this.#stopHeartbeat = this.#clock.every(heartbeatMs, () => this.#beat());
  }

  async close(): Promise<void> {
    this.#stopHeartbeat?.();
    this.#stopHeartbeat = null;
    await this.#telling;
    await this.#listener?.end({ timeout: 1 });
    this.#listener = null;
  }

  publish(channel: Channel, id: string): void {
    this.#db.afterCommit(() => {
      this.#news.add(`${channel}:${id}`);
      this.#telling ??= this.#tell();
    });
  }

  subscribe(channel: Channel, listener: Listener, onGap?: () => void): () => void {
    const subscription = { channel, listener, onGap };
    this.#subscriptions.add(subscription);
    return () => this.#subscriptions.delete(subscription);
  }

  async #listen(): Promise<void> {
    this.#listener = openClient(this.#connection(), 'hub listen', { max: 1, statementTimeout: 0 });
    const listening = this.#listener.listen(channelName, (payload) => this.#heard(payload));
    await withDeadline(this.#clock, 'Listening for changes', listenSeconds, null, () => listening);
    this.#lastHeard = this.#clock.monotonic();
  }

  async #tell(): Promise<void> {
    while (this.#news.size > 0) {
      await sleep(gatherMs);
      const news = [...this.#news];
      this.#news.clear();
      try {
        await this.#notify(news);
      } catch (error) {
        this.#log.debug(
          { err: error, news: news.length },
          'news not told, who waits for them looks by itself',
        );
      }
    }
    this.#telling = null;
  }

  async #notify(news: readonly string[]): Promise<void> {
    const payloads = JSON.stringify(news.map((one) => `${this.#hubId} ${one}`));
    await this.#db.run((q) =>
      q.execute(
        sql`SELECT pg_notify(${channelName}, payload) FROM jsonb_array_elements_text(${payloads}::jsonb) payload`,
      ),
    );
  }

  async #beat(): Promise<void> {
    try {
      if (this.#clock.monotonic() - this.#lastHeard > silenceMs) await this.#reconnect();
      await this.#notify(['alive:']);
    } catch (error) {
      this.#log.debug({ err: error }, 'no heartbeat through the database');
    }
  }

  async #reconnect(): Promise<void> {
    const old = this.#listener;
    this.#listener = null;
    void old?.end({ timeout: 1 }).catch(() => undefined); // it is silent; nothing can be done about it
    await this.#listen();
    this.#log.info({}, 'listening for changes again');
    for (const { onGap } of this.#subscriptions) onGap?.();
  }

  #heard(payload: string): void {
    const space = payload.indexOf(' ');
    const isOwn = payload.slice(0, space) === this.#hubId;
    if (isOwn) this.#lastHeard = this.#clock.monotonic();
    const cut = payload.indexOf(':');
    const channel = payload.slice(space + 1, cut);
    const id = payload.slice(cut + 1);
    for (const subscription of this.#subscriptions) {
      if (subscription.channel === channel) subscription.listener(id, isOwn);
    }
  }
}
