import type { Container } from 'inversify';
import { type DomainEvents, Events, type HubEvents, type HubRun, withDeadline } from '../kernel/index.ts';
import { type Clock, HubError, type Logger, type StopMode } from '../plugin/index.ts';
import { RouteCheck, Routes } from '../routing/index.ts';
import { ServerRepository, type Servers, Spawners } from '../servers/index.ts';
import type { Connection } from '../storage/database.ts';
import { purgeAudit } from '../storage/postgres-audit.ts';
import { purgeEvents } from '../storage/servers/event-rows.ts';
import type { Addresses } from './addresses.ts';
import { applyConfiguration } from './apply-configuration.ts';
import type { HubConfig, Settings } from './config.ts';
import { countFailures } from './count-failures.ts';
import { type CryptKeys, makeCryptKeys } from './crypt-keys.ts';
import { makeDataFolder, type Places } from './data-folder.ts';
import { fingerprint } from './fingerprint.ts';
import { otherScheme } from './internal-tls.ts';
import type { LifecycleRunner } from './lifecycle.ts';
import { loadManagedRoles } from './managed-roles.ts';
import { openDatabase } from './open-database.ts';
import { thisProcess } from './place.ts';
import type { LaterSealer } from './sealer.ts';
import { fingerprintOfCookieSecret, fingerprintsOfCryptKeys } from './secret-fingerprint.ts';
import { services } from './tokens.ts';
import { buildWeb, type Web } from './web.ts';

const purgeEveryMs = 3_600_000;
const eventsKeepDays = 30;
/** Another hub may create services; pages list them as they were so long ago. */
const servicesEveryMs = 10_000;

/** What a hub is built from. */
export interface HubParts {
  readonly config: HubConfig;
  readonly settings: Settings;
  /** What the look at the configuration found doubtful. */
  readonly warnings: readonly string[];
  readonly places: Places;
  readonly cryptKeys: CryptKeys;
  readonly sealer: LaterSealer;
  readonly addresses: Addresses;
  readonly run: HubRun;
  readonly log: Logger;
  readonly clock: Clock;
  readonly container: Container;
  readonly lifecycle: LifecycleRunner;
  readonly setConnection: (connection: Connection | null) => void;
}

/** How a hub is stopped, where it differs from the configuration. */
export interface StopOptions {
  /** Do servers go on running? */
  readonly keepServers?: boolean;
  /** Does the proxy? */
  readonly keepProxy?: boolean;
}

type Undo = () => Promise<unknown>;

/** A hub: started and stopped, asked and listened to. Made by `createHub`. */
export class Hub implements AsyncDisposable {
  readonly #parts: HubParts;
  readonly #undo: { readonly what: string; readonly run: Undo }[] = [];
  #phase: 'new' | 'starting' | 'running' | 'stopping' | 'stopped' = 'new';
  #stopping: Promise<void> | null = null;
  readonly #starting = new AbortController();
  readonly #stopped = Promise.withResolvers<void>();
  #mode: StopMode = { keepServers: false, keepProxy: false };

  constructor(parts: HubParts) {
    this.#parts = parts;
  }

  /** Users: find, list, create, delete. */
  get users() {
    return this.#parts.container.get(services.users);
  }

  /** Groups: find, list, create, delete, who belongs to them. */
  get groups() {
    return this.#parts.container.get(services.groups);
  }

  /** Servers shared with users and groups. */
  get shares() {
    return this.#parts.container.get(services.shares);
  }

  /** Codes that share a server with whoever has them. */
  get shareCodes() {
    return this.#parts.container.get(services.shareCodes);
  }

  /** Tokens of users. */
  get tokens() {
    return this.#parts.container.get(services.tokens);
  }

  /** Browsers that are signed in. */
  get logins() {
    return this.#parts.container.get(services.logins);
  }

  /** Services as accounts: those of the configuration, and those that come and go. */
  get services() {
    return this.#parts.container.get(services.serviceAccounts);
  }

  get servers(): Servers {
    return this.#parts.container.get(services.servers);
  }

  /** Where people reach it, as far as the configuration tells: `http://127.0.0.1:8000/`. */
  get url(): string {
    return this.#parts.addresses.browserUrl;
  }

  /** Where it listens itself, behind the proxy: an origin. */
  get listenUrl(): string {
    return this.#parts.addresses.listenUrl;
  }

  /** Resolves when the hub has stopped, whoever asked for it (P641), or could not start. Never rejects. */
  get stopped(): Promise<void> {
    return this.#stopped.promise;
  }

  /** Listens for facts of this hub, told after they are committed. Returns how to end it. */
  on<E extends keyof HubEvents>(event: E, listener: HubEvents[E]): () => void {
    const events: DomainEvents = this.#parts.container.get(Events);
    events.on(event, listener);
    return () => events.off(event, listener);
  }

  /**
   * Starts everything, in order: database, listener, plugins, routes, servers. Resolves when the hub serves;
   * rejects, with all that had started stopped again, when something cannot.
   */
  async start(): Promise<void> {
    if (this.#phase !== 'new')
      throw new HubError('HUB_START_FAILED', 'This hub was started before.', {
        hint: 'Make a new one by `createHub`.',
      });
    this.#phase = 'starting';
    const { log, clock } = this.#parts;
    const began = clock.monotonic();
    try {
      await this.#startAll(this.#starting.signal);
      this.#starting.signal.throwIfAborted();
    } catch (error) {
      await this.#chooseMode({});
      await this.#unwind();
      this.#ended();
      throw error;
    }
    this.#phase = 'running';
    const seconds = (clock.monotonic() - began) / 1000;
    this.#parts.container.get(services.metrics).started(seconds);
    log.info({ url: this.url, seconds }, 'the hub serves');
  }

  /** Stops everything in reverse. A second call waits for the first; during `start` it makes that reject. */
  async stop(options: StopOptions = {}): Promise<void> {
    if (this.#phase === 'new') this.#ended();
    if (this.#phase === 'stopped') return;
    if (this.#phase === 'starting') {
      this.#starting.abort(new HubError('HUB_START_FAILED', 'The hub was stopped while it started.'));
      return this.#stopped.promise;
    }
    this.#stopping ??= this.#stop(options);
    await this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #startAll(signal: AbortSignal): Promise<void> {
    const { container, settings, places, addresses, log, lifecycle, warnings } = this.#parts;
    // Names of people follow rules of plugins; the last of a configuration that can be wrong in itself.
    await container.get(services.accessRules)();
    for (const warning of warnings) log.warn({}, warning);
    // The database comes first: its server wants an empty folder, or its own (it may run as another user).
    await this.#openDatabase(signal);
    signal.throwIfAborted();
    await makeDataFolder(places.dataFolder);
    const cryptKeys = await this.#cryptKeys();

    const tls = container.get(services.hubTls);
    if (tls) {
      this.#later('internal TLS', async () => tls.close());
      await tls.open();
    }
    const web: Web = await buildWeb(this.#parts, { shutDown: (how) => void this.stop(how) });
    this.#later('http listener', () => web.close());
    this.#later('refusals', () => container.get(services.refusals).close());
    for (const warning of web.cookieSecret.warnings) log.warn({}, warning);
    const listening = await web.listen();
    addresses.listensAt(listening);

    const leases = container.get(services.postgresLeases);
    const spawnersHere = container.get(Spawners).all.map(({ id }) => id);
    const { differingKeys, replacedSecrets, keysLost } = await leases.open({
      ...(await thisProcess()),
      version: addresses.version,
      listenUrl: addresses.listenUrl,
      connectUrl: addresses.connectUrl,
      spawners: spawnersHere,
      configuration: fingerprint(this.#parts.config),
      secrets: [fingerprintOfCookieSecret(web.cookieSecret)],
      cryptKeys: fingerprintsOfCryptKeys(cryptKeys),
    });
    this.#later('lease', () => leases.close());
    if (differingKeys.length > 0) {
      log.warn(
        { keys: differingKeys },
        'the configuration differs from that of another hub; this one holds now',
      );
    }
    if (replacedSecrets.length > 0) {
      log.warn({ secrets: replacedSecrets }, 'the secret is new: everybody has to sign in again');
    }
    if (keysLost) {
      log.warn(
        { from: cryptKeys.from },
        'no encryption key is one of those used before: auth_state kept until now cannot be opened',
      );
    }
    leases.seek('routes');
    leases.seek('purge');
    await leases.renewNow();

    const changes = container.get(services.postgresChanges);
    await changes.open();
    this.#later('changes', () => changes.close());
    await applyConfiguration(container, log);
    await this.services.refresh();
    this.#every(servicesEveryMs, 'services', () => this.#lookAtServices());

    this.#later('plugins', () => lifecycle.stop(this.#mode));
    await lifecycle.start(signal);
    await loadManagedRoles(container, log);

    const routes = container.get(Routes);
    routes.open();
    this.#later('routes', () => routes.close());
    const routeCheck = container.get(RouteCheck);
    routeCheck.open();
    this.#later('route check', async () => routeCheck.close());
    await this.#routesOnce(routes, signal);

    this.#later('servers', () => this.servers.close());
    this.servers.open();
    const others = otherScheme(addresses.tls, await container.get(ServerRepository).routed());
    if (others) log.warn({ servers: others.count }, others.message);
    const health = container.get(services.serviceHealth);
    this.#later('service health', () => health.close());
    health.open();
    this.#giveUpAfter(settings.servers.consecutiveFailureLimit);
    this.#every(purgeEveryMs, 'purge', () => this.#purge());
    void this.#purge();
    void this.servers
      .pollAll()
      .catch((error: unknown) => log.warn({ err: error }, 'servers could not be polled at start'));
  }

  /** Keys given, or the first one of a hub that may make it. */
  async #cryptKeys(): Promise<CryptKeys> {
    const { cryptKeys, sealer, places, log } = this.#parts;
    if (!cryptKeys.toBeMade) return cryptKeys;
    const made = await makeCryptKeys(places);
    sealer.useKeys(made.keys);
    log.info({ file: made.from }, 'an encryption key was made');
    return made;
  }

  async #openDatabase(signal: AbortSignal): Promise<void> {
    const { container, places, settings, log, clock, setConnection } = this.#parts;
    const opened = await openDatabase(places, {
      log: log.child({ part: 'database' }),
      clock,
      postgresUser: settings.postgresUser,
      signal,
    });
    this.#later('database', () => opened.close());
    setConnection(opened.connection);
    const db = container.get(services.database);
    db.open(opened.connection);
    this.#later('database pool', () => db.close());
    const lastSeen = container.get(services.lastSeen);
    this.#later('activity', () => lastSeen.drain());
  }

  /** The hub serves when its own routes are there; the proxy may need a moment. */
  async #routesOnce(routes: Routes, stopped: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts;
    await withDeadline(clock, 'Putting the routes right', 30, stopped, async (signal) => {
      for (;;) {
        try {
          await routes.reconcile();
          return;
        } catch (error) {
          log.debug({ err: error }, 'routes not right yet');
          await clock.sleep(250, signal);
        }
      }
    });
  }

  /** P246, with a clean stop: servers and proxy are left to the hub that is started next. */
  #giveUpAfter(limit: number): void {
    if (limit === 0) return;
    const { container, log } = this.#parts;
    const end = countFailures(container.get(Events), limit, (failures) => {
      log.error({ failures }, 'starts keep failing, the hub gives up; servers go on');
      void this.stop({ keepServers: true, keepProxy: true });
    });
    this.#later('count of failures', async () => end());
  }

  async #lookAtServices(): Promise<void> {
    try {
      await this.services.refresh();
    } catch (error) {
      this.#parts.log.debug({ err: error }, 'services could not be read');
    }
  }

  async #purge(): Promise<void> {
    const { container, settings, log } = this.#parts;
    if (!container.get(services.postgresLeases).holds('purge')) return;
    try {
      const purged = {
        ...(await this.tokens.purge()),
        failures: await container.get(services.throttle).purge(),
        audit: await purgeAudit(container.get(services.database), settings.audit.keepDays),
        events: await purgeEvents(container.get(services.database), eventsKeepDays),
      };
      log.debug(purged, 'expired rows deleted');
    } catch (error) {
      log.warn({ err: error }, 'expired rows could not be deleted, it is tried again');
    }
  }

  async #stop(options: StopOptions): Promise<void> {
    const { settings, log, clock } = this.#parts;
    this.#phase = 'stopping';
    await this.#chooseMode(options);
    log.info(this.#mode, 'the hub stops');
    try {
      await withDeadline(clock, 'Stopping the hub', settings.shutdownSeconds, null, async () => {
        if (!this.#mode.keepServers) {
          await this.servers.stopAll({ kind: 'hub', name: 'shutdown' }, settings.shutdownSeconds - 10);
        }
      });
    } catch (error) {
      log.error({ err: error }, 'not all servers could be stopped in time');
    }
    await this.#unwind();
    log.info({}, 'the hub stopped');
    this.#ended();
  }

  #ended(): void {
    this.#phase = 'stopped';
    this.#stopped.resolve();
  }

  /** What a stop leaves behind; also that of a start that ends halfway, or servers that stay would lose their proxy. */
  async #chooseMode({ keepServers, keepProxy }: StopOptions): Promise<void> {
    const { keep } = this.#parts.settings.servers;
    const others = !(await this.#isAlone());
    this.#mode = { keepServers: (keepServers ?? keep) || others, keepProxy: (keepProxy ?? keep) || others };
  }

  /** Servers and proxy belong to all hubs: only the last one takes them along. */
  async #isAlone(): Promise<boolean> {
    try {
      return (await this.#parts.container.get(ServerRepository).liveHubs()).length <= 1;
    } catch {
      return true; // no database, no other hub to ask about
    }
  }

  #later(what: string, run: Undo): void {
    this.#undo.push({ what, run });
  }

  #every(ms: number, what: string, run: () => Promise<void>): void {
    const end = this.#parts.clock.every(ms, run);
    this.#later(what, async () => end());
  }

  async #unwind(): Promise<void> {
    for (const { what, run } of this.#undo.splice(0).toReversed()) {
      try {
        await run();
      } catch (error) {
        this.#parts.log.error({ part: what, err: error }, 'a part did not stop cleanly');
      }
    }
  }
}
