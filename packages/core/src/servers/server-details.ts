import { withServerRenamed } from '../access/index.ts';
import type { StoredScopes } from '../accounts/index.ts';
import type { Actor, HubRun, UnitOfWork } from '../kernel/index.ts';
import { withDeadline } from '../kernel/index.ts';
import {
  type Clock,
  HubError,
  isHubError,
  type JsonObject,
  type JsonValue,
  type Logger,
  type Spawner,
  token,
  type UserView,
} from '../plugin/index.ts';
import { namedServerLimit, type ServerSettings } from './context.ts';
import { requireNamedServers, requireNames, requireRoom } from './named-servers.ts';
import type { Guard, ServerOwners, ServerRepository } from './ports.ts';
import { isRenaming } from './renaming.ts';
import { launchKey, type ServerOwner, type ServerRecord } from './server.ts';
import type { Spawners } from './spawners.ts';
import { serverView } from './views.ts';

/** What of a stopped server is to be changed; what is absent stays as it is. */
export interface DetailsChange {
  readonly name?: string | undefined;
  readonly displayName?: string | undefined;
  readonly userOptions?: JsonObject | undefined;
}

/** Writes stopped servers. */
export interface ServerDetailsStore {
  /** Whoever adds a server to this user waits until the transaction ends: so that they can be counted. */
  lockOwner(userId: number): Promise<void>;
  /** A stopped server; its id, or `null` when the owner has one of that name. */
  add(
    userId: number,
    name: string,
    initial: {
      readonly displayName: string;
      readonly spawner: string;
      readonly userOptions: JsonObject | null;
    },
  ): Promise<number | null>;
  /**
   * `null`: it is not stopped any more, or somebody else was first.
   * @throws HubError HUB_CONFLICT when the owner has a server of that name.
   */
  change(guard: Guard, to: DetailsChange): Promise<ServerRecord | null>;
}
export const ServerDetailsStore = token<ServerDetailsStore>('ServerDetailsStore');

/** What {@link ServerDetails} works with. */
export interface ServerDetailsDeps {
  readonly store: ServerDetailsStore;
  readonly servers: ServerRepository;
  readonly owners: ServerOwners;
  readonly spawners: Spawners;
  readonly scopes: StoredScopes;
  readonly work: UnitOfWork;
  readonly clock: Clock;
  readonly log: Logger;
  readonly baseUrl: string;
  readonly run: HubRun;
  readonly settings: Pick<ServerSettings, 'namedServers' | 'namedServerLimit' | 'hookTimeout'>;
}

/** Named servers made without a start, and names and options of those that are stopped (R77, R82). */
export class ServerDetails {
  readonly #deps: ServerDetailsDeps;

  constructor(deps: ServerDetailsDeps) {
    this.#deps = deps;
  }

  /**
   * Makes a named server without starting it. However many ask at once, one gets it and the limit holds.
   * @throws HubError 409 when it is there already, 400 (R78).
   */
  async create(
    actor: Actor,
    owner: ServerOwner,
    name: string,
    displayName: string | null,
    userOptions: JsonObject | null,
  ): Promise<ServerRecord> {
    if (name === '') throw conflict(`User ${owner.name} already has a default server`);
    const { servers, store, spawners, settings, work } = this.#deps;
    const exists = conflict(`User ${owner.name} already has server ${name}`);
    const shown = displayName || name;
    const limit = await this.#limitOf(owner);

    return work.run({ actor, action: 'server.create', target: `server:${owner.name}/${name}` }, async () => {
      await store.lockOwner(owner.id);
      if (await servers.byName(owner.id, name)) throw exists;
      requireNamedServers(settings);
      await requireRoom(servers, owner, limit);
      requireNames(name, shown);
      const initial = { displayName: shown, spawner: spawners.first.id, userOptions };
      const id = await store.add(owner.id, name, initial);
      const row = id === null ? null : await servers.byId(id);
      if (!row) throw exists;
      return row;
    });
  }

  /**
   * Changes all of what is asked, or nothing. A rename asks the spawner first, and with the name every stored
   * `!server=` filter changes.
   *
   * @throws HubError 400 (R78, not stopped), 404, 409 (name taken); 500 when the spawner refuses the name.
   */
  async change(actor: Actor, owner: ServerOwner, name: string, wish: DetailsChange): Promise<ServerRecord> {
    const { servers } = this.#deps;
    const isTaken = wish.name !== undefined && (await this.#isTaken(owner, wish.name));
    await this.#checkNames(owner, name, wish, isTaken);
    const server = await servers.byName(owner.id, name);
    if (!server) throw new HubError('HUB_NOT_FOUND', `User ${owner.name} has no such server ${name}`);
    if (server.phase !== 'stopped' || (await isRenaming({ servers }, server))) throw active(server);
    const { name: newName } = wish;
    if (newName === undefined) return this.#write(actor, owner, server, wish);
    if (isTaken) throw taken(owner, newName);
    return this.#withItsWord(owner, server, newName, (held) => this.#write(actor, owner, held, wish));
  }

  async #write(
    actor: Actor,
    owner: ServerOwner,
    server: ServerRecord,
    wish: DetailsChange,
  ): Promise<ServerRecord> {
    const { store, scopes, work } = this.#deps;
    const { name } = server;
    const target = `server:${owner.name}/${wish.name ?? name}`;
    const details = wish.name === undefined ? {} : { from: name };
    return work.run({ actor, action: 'server.change', target, details }, async () => {
      const guard = { id: server.id, fence: server.fence, phase: server.phase };
      const changed = await store.change(guard, wish).catch((error: unknown) => {
        throw isHubError(error) && error.code === 'HUB_CONFLICT' ? taken(owner, wish.name ?? name) : error;
      });
      if (!changed) throw active(server);
      const { name: newName } = wish;
      if (newName !== undefined) {
        await scopes.rewrite(owner.name, (scope) => withServerRenamed(scope, owner.name, name, newName));
      }
      return changed;
    });
  }

  /** Every user has a default server, whether there is a row for it or not. */
  async #isTaken(owner: ServerOwner, name: string): Promise<boolean> {
    return name === '' || (await this.#deps.servers.byName(owner.id, name)) !== null;
  }

  /** R78. Only what is new is looked at. */
  async #checkNames(owner: ServerOwner, name: string, wish: DetailsChange, isTaken: boolean): Promise<void> {
    if (wish.name === undefined && !wish.displayName) return;
    const { servers, settings } = this.#deps;
    requireNamedServers(settings);
    // The default server is made anew when it is next used: its rename adds a named one.
    if (wish.name !== undefined && name === '') await requireRoom(servers, owner, await this.#limitOf(owner));
    requireNames(isTaken ? null : (wish.name ?? null), wish.displayName || null);
  }

  /** Not asked where there are no named servers at all. */
  async #limitOf(owner: ServerOwner): Promise<number> {
    const { settings } = this.#deps;
    return settings.namedServers ? namedServerLimit(settings, owner.id) : 0;
  }

  /** Asks the spawner for a new name, then does `work`; nothing else may begin with the server meanwhile (P225). */
  async #withItsWord(
    owner: ServerOwner,
    server: ServerRecord,
    name: string,
    work: (held: ServerRecord) => Promise<ServerRecord>,
  ): Promise<ServerRecord> {
    const { spawners, owners, servers, run, log } = this.#deps;
    const driver = spawners.has(server.spawner) ? spawners.get(server.spawner).driver : null;
    const user = await owners.view(owner.id);
    if (!driver?.rename || !user) return work(server);
    const guard = { id: server.id, phase: 'stopped' } as const;
    const held = await servers.change(
      { ...guard, fence: server.fence },
      { owner: run.id },
      { raiseFence: true },
    );
    if (!held) throw active(server);
    try {
      await this.#callRename(driver.rename.bind(driver), held, user, name);
      return await work(held);
    } catch (error) {
      const fields = { user: owner.name, server: server.name };
      await servers.change({ ...guard, fence: held.fence }, { owner: null }).catch((err: unknown) => {
        log.warn({ ...fields, err }, 'a server cannot be used until the hub ends: its rename stays pending');
      });
      throw error;
    }
  }

  async #callRename(
    rename: NonNullable<Spawner<JsonValue>['rename']>,
    server: ServerRecord,
    user: UserView,
    name: string,
  ): Promise<void> {
    const { clock, log, baseUrl, settings } = this.#deps;
    const what = `rename of ${server.spawner}`;
    try {
      await withDeadline(clock, what, settings.hookTimeout, null, async (signal) =>
        rename(
          {
            key: launchKey(server),
            server: serverView(baseUrl, server, user),
            state: server.state,
            signal,
            log: log.child({ user: user.name, server: server.name }),
          },
          name,
        ),
      );
    } catch (error) {
      if (isHubError(error)) throw error;
      throw new HubError('HUB_PLUGIN_FAILED', `${what} failed`, { cause: error });
    }
  }
}

function active(server: ServerRecord): HubError {
  const full = server.name === '' ? server.userName : `${server.userName}:${server.name}`;
  return bad(`${full} is active. Please stop it before modifying it.`);
}

function taken(owner: ServerOwner, name: string): HubError {
  return conflict(`User ${owner.name} already has server '${name}'`);
}

function conflict(message: string): HubError {
  return new HubError('HUB_CONFLICT', message);
}

function bad(message: string): HubError {
  return new HubError('HUB_BAD_REQUEST', message);
}
