import type postgres from 'postgres';
import { DeadlineError, type HubRun, type Leases, withDeadline } from '../kernel/index.ts';
import { type Clock, HubError, type Logger } from '../plugin/index.ts';
import { type Connection, openClient } from './database.ts';
import { databaseError } from './database-error.ts';
import { locks } from './locks.ts';
import {
  agreeOnKeys,
  agreeOnSecrets,
  type KeyFingerprints,
  type SecretFingerprint,
} from './secret-fingerprints.ts';

const leaseSeconds = 5;
const renewMs = 1_000;
const freshMs = 3_500;
/** More than the server allows one statement; a renewal that takes longer is lost. */
const renewSeconds = 3;

/** What a hub says of itself when it registers. */
export interface Registration {
  readonly pid: number;
  readonly processStart: string;
  readonly version: string;
  readonly listenUrl: string;
  readonly connectUrl: string;
  readonly spawners: readonly string[];
  /** Hash per key, to name what differs from a live hub. */
  readonly configuration: Readonly<Record<string, string>>;
  /** Secrets all hubs must have in common. */
  readonly secrets: readonly SecretFingerprint[];
  /** Keys of which all hubs must have one in common. */
  readonly cryptKeys: KeyFingerprints;
}

/** What a hub found different when it registered. */
export interface Registered {
  /** Keys of the configuration in which a live hub differs. */
  readonly differingKeys: readonly string[];
  /** Secrets that were others when this database was used last. */
  readonly replacedSecrets: readonly string[];
  /** None of the encryption keys used here last is one of mine. */
  readonly keysLost: boolean;
}

interface Neighbour {
  readonly id: string;
  readonly host: string;
  readonly place: string;
  readonly pid: number;
  readonly processStart: string;
  readonly listenUrl: string;
  readonly connectUrl: string;
  readonly configuration: Readonly<Record<string, string>>;
  readonly cryptKeys: readonly string[];
}

/** Is the process another hub recorded on this host still there? */
export type ProcessAlive = (pid: number, processStart: string) => Promise<boolean>;

/**
 * One row per hub, renewed every second for five on a connection of its own, so that a full pool cannot starve
 * it. All times are the database's. The same statement takes and gives back duties.
 */
export class PostgresLeases implements Leases {
  readonly #connection: () => Connection;
  readonly #run: HubRun;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #alive: ProcessAlive;
  readonly #sought = new Set<string>();
  readonly #held = new Set<string>();
  readonly #listeners = new Set<(duty: string, held: boolean) => void>();
  #client: postgres.Sql | null = null;
  #registration: Registration | null = null;
  #confirmed = Number.NEGATIVE_INFINITY;
  #stop: (() => void) | null = null;

  constructor(deps: {
    connection: () => Connection;
    run: HubRun;
    clock: Clock;
    log: Logger;
    processAlive: ProcessAlive;
  }) {
    this.#connection = deps.connection;
    this.#run = deps.run;
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#alive = deps.processAlive;
  }

  /** Registers this run and keeps its lease. Refuses a `host` or address that a live hub has, and secrets it has not. */
  async open(registration: Registration): Promise<Registered> {
    this.#registration = registration;
    this.#client = this.#connect();
    await this.#buryDead();
    const registered = await this.#register(registration);
    this.#stop = this.#clock.every(renewMs, () => this.#renew());
    return registered;
  }

  /** Gives up the lease and all duties at once, so that others need not wait. */
  async close(): Promise<void> {
    this.#stop?.();
    this.#stop = null;
    const client = this.#client;
    this.#client = null;
    this.#confirmed = Number.NEGATIVE_INFINITY;
    if (!client) return;
    try {
      await client`DELETE FROM hubs WHERE id = ${this.#run.id}`;
    } catch (error) {
      this.#log.debug({ err: databaseError(error) }, 'lease not given back, it will run out');
    }
    await client.end({ timeout: 1 });
  }

  /** Fingerprints of the keys live hubs encrypt with. Needs no lease. */
  async firstKeysOfLiveHubs(): Promise<
    readonly { readonly host: string; readonly firstKey: string | null }[]
  > {
    const client = this.#connect();
    try {
      return await client<{ host: string; firstKey: string | null }[]>`
        SELECT host, crypt_keys ->> 0 AS "firstKey" FROM hubs WHERE lease_until > clock_timestamp()`;
    } finally {
      await client.end({ timeout: 1 });
    }
  }

  get fresh(): boolean {
    return this.#clock.monotonic() - this.#confirmed < freshMs;
  }

  async whenFresh(signal: AbortSignal): Promise<void> {
    while (!this.fresh) await this.#clock.sleep(100, signal);
  }

  holds(duty: string): boolean {
    return this.fresh && this.#held.has(duty);
  }

  seek(duty: string): void {
    this.#sought.add(duty);
  }

  onDutyChange(listener: (duty: string, held: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes what is free now, without waiting for the next second. */
  async renewNow(): Promise<void> {
    await this.#renew();
  }

  #connect(): postgres.Sql {
    return openClient(this.#connection(), 'hub lease', {
      max: 1,
      statementTimeout: 2_000,
      lockTimeout: 1_500,
    });
  }

  async #renew(): Promise<void> {
    const client = this.#client;
    if (!client) return;
    try {
      await withDeadline(this.#clock, 'Renewing the lease', renewSeconds, null, () => this.#renewBy(client));
    } catch (error) {
      this.#log.warn({ err: databaseError(error) }, 'lease not renewed');
      if (!(error instanceof DeadlineError) || this.#client !== client) return;
      // postgres.js never settles a statement handed to a connection in the moment it breaks.
      this.#client = this.#connect();
      void client.end({ timeout: 0 }).catch(() => undefined); // it is of no use any more
    }
  }

  async #renewBy(client: postgres.Sql): Promise<void> {
    const asked = this.#clock.monotonic();
    await this.#buryDead();
    const renewed = await client`
      UPDATE hubs SET lease_until = clock_timestamp() + ${leaseSeconds} * interval '1 second'
      WHERE id = ${this.#run.id} RETURNING id`;
    if (renewed.length === 0 && this.#registration) await this.#register(this.#registration);
    await this.#takeDuties(client);
    // Counted from before the question: the answer may have been long on its way.
    if (this.#client) this.#confirmed = Math.max(this.#confirmed, asked);
  }

  async #takeDuties(client: postgres.Sql): Promise<void> {
    const sought = [...this.#sought];
    if (sought.length === 0) return;
    await client`INSERT INTO leases (name) SELECT unnest(${sought}::text[]) ON CONFLICT DO NOTHING`;
    await client`
      UPDATE leases SET owner = ${this.#run.id}, fence = fence + 1
      WHERE name = ANY(${sought}::text[]) AND owner IS DISTINCT FROM ${this.#run.id}
        AND NOT EXISTS (SELECT 1 FROM hubs WHERE hubs.id = leases.owner AND hubs.lease_until > clock_timestamp())`;
    const rows = await client<{ name: string }[]>`SELECT name FROM leases WHERE owner = ${this.#run.id}`;
    this.#tellDifference(new Set(rows.map((row) => row.name)));
  }

  #tellDifference(now: ReadonlySet<string>): void {
    const lost = [...this.#held].filter((duty) => !now.has(duty));
    const won = [...now].filter((duty) => !this.#held.has(duty));
    for (const duty of lost) this.#held.delete(duty);
    for (const duty of won) this.#held.add(duty);
    for (const duty of lost) for (const listener of this.#listeners) listener(duty, false);
    for (const duty of won) for (const listener of this.#listeners) listener(duty, true);
  }

  /** A hub of this host whose process is gone needs no waiting for: its lease ends now. */
  async #buryDead(): Promise<void> {
    const client = this.#client;
    if (!client) return;
    const neighbours = await client<{ id: string; place: string; pid: number; processStart: string }[]>`
      SELECT id, place, pid, process_start AS "processStart" FROM hubs
      WHERE host = ${this.#run.host} AND id <> ${this.#run.id} AND lease_until > clock_timestamp()`;
    for (const { id, place, pid, processStart } of neighbours) {
      if (place === this.#run.place && (await this.#alive(pid, processStart))) continue;
      await client`UPDATE hubs SET lease_until = '-infinity' WHERE id = ${id}`;
      this.#log.info({ hub: id, pid }, 'a hub of this host is gone, taking over');
    }
  }

  async #register(registration: Registration): Promise<Registered> {
    const client = this.#client;
    if (!client) return { differingKeys: [], replacedSecrets: [], keysLost: false };
    const asked = this.#clock.monotonic();
    const registered = await client.begin(async (tx) => {
      await tx`SELECT pg_advisory_xact_lock(${locks.registration})`;
      const live = await tx<Neighbour[]>`
        SELECT id, host, place, pid, process_start AS "processStart", listen_url AS "listenUrl",
          connect_url AS "connectUrl", configuration, crypt_keys AS "cryptKeys"
        FROM hubs WHERE id <> ${this.#run.id} AND lease_until > clock_timestamp()`;
      refuseClash(this.#run, registration, live);
      const replacedSecrets = await agreeOnSecrets(tx, registration.secrets, live);
      const keysLost = await agreeOnKeys(tx, registration.cryptKeys, live);
      await tx`DELETE FROM hubs WHERE lease_until < clock_timestamp() - interval '1 day'`;
      await tx`
        INSERT INTO hubs (id, host, place, pid, process_start, version, listen_url, connect_url, configuration,
          crypt_keys, spawners, started_at, lease_until)
        VALUES (${this.#run.id}, ${this.#run.host}, ${this.#run.place}, ${registration.pid},
          ${registration.processStart}, ${registration.version}, ${registration.listenUrl},
          ${registration.connectUrl}, ${tx.json(registration.configuration)},
          ${tx.json(registration.cryptKeys.fingerprints)}, ${tx.json(registration.spawners)},
          clock_timestamp(), clock_timestamp() + ${leaseSeconds} * interval '1 second')`;
      return {
        differingKeys: differingKeys(registration.configuration, live),
        replacedSecrets,
        keysLost,
      };
    });
    this.#confirmed = asked;
    return registered;
  }
}

function refuseClash(run: HubRun, registration: Registration, live: readonly Neighbour[]): void {
  const twin = live.find((hub) => hub.host === run.host);
  if (twin) {
    throw new HubError(
      'HUB_START_FAILED',
      `A hub named "${run.host}" already runs on this database (process ${twin.pid}).`,
      {
        hint: 'Stop it first, or give this one another `host` in its configuration.',
      },
    );
  }
  const other = live.find((hub) => hub.connectUrl !== registration.connectUrl);
  if (other) {
    throw new HubError(
      'HUB_START_FAILED',
      `The hub "${other.host}" gives its servers ${other.connectUrl} to reach the hub, this one ${registration.connectUrl}.`,
      {
        hint: 'Set `hub.connectUrl` to one address that outlives any single hub (a balancer, or the public URL), the same in all.',
      },
    );
  }
  const own = live.find((hub) => hub.listenUrl === registration.connectUrl);
  if (own) {
    throw new HubError(
      'HUB_START_FAILED',
      `\`hub.connectUrl\` ${registration.connectUrl} is the listener of the hub "${own.host}" alone.`,
      {
        hint: 'Set `hub.connectUrl` to one address that outlives any single hub (a balancer, or the public URL), the same in all.',
      },
    );
  }
}

function differingKeys(
  mine: Readonly<Record<string, string>>,
  live: readonly Neighbour[],
): readonly string[] {
  const differing = new Set<string>();
  for (const hub of live) {
    for (const key of new Set([...Object.keys(mine), ...Object.keys(hub.configuration)])) {
      if (mine[key] !== hub.configuration[key]) differing.add(key);
    }
  }
  return [...differing].sort();
}
