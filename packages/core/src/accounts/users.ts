import { withUserRenamed } from '../access/index.ts';
import type { Actor, DomainEvents, UnitOfWork } from '../kernel/index.ts';
import { HubError, isHubError, type JsonObject } from '../plugin/index.ts';
import type { AuthStates } from './auth-states.ts';
import type { Page, Removal, UserQuery, UserStore } from './ports.ts';
import type { UserDetails, UserRecord } from './records.ts';
import type { StoredScopes } from './stored-scopes.ts';
import type { UserNames } from './user-names.ts';

/** What came of a wish to create users. */
export interface CreatedUsers {
  /** In the order asked. */
  readonly created: readonly UserRecord[];
  /** Names that were there already. */
  readonly existing: readonly string[];
}

/** What of a user is to be changed; what is absent stays as it is. */
export interface UserChange {
  readonly name?: string | undefined;
  readonly admin?: boolean | undefined;
  readonly authState?: JsonObject | undefined;
}

/** What users are made with. */
export interface UsersDeps {
  readonly store: UserStore;
  readonly scopes: StoredScopes;
  readonly authStates: AuthStates;
  readonly work: UnitOfWork;
  readonly events: DomainEvents;
  readonly names: UserNames;
}

/** Users: finding, listing, creating, changing, removing. Hooks of plugins are the caller's. */
export class Users {
  readonly #deps: UsersDeps;
  readonly #store: UserStore;
  readonly #work: UnitOfWork;
  readonly #events: DomainEvents;
  readonly #names: UserNames;

  constructor(deps: UsersDeps) {
    this.#deps = deps;
    this.#store = deps.store;
    this.#work = deps.work;
    this.#events = deps.events;
    this.#names = deps.names;
  }

  /** The user of exactly this name, with all a model shows; `null` when there is none. */
  async get(name: string): Promise<UserDetails | null> {
    return this.#store.byName(name);
  }

  /** The users of exactly these names, in the order asked; those there are. */
  async named(names: readonly string[]): Promise<readonly UserDetails[]> {
    return this.#store.byNames(names);
  }

  /** One page of users, filtered, sorted and counted by the database (R50–R55). */
  async page(query: UserQuery): Promise<Page<UserDetails>> {
    return this.#store.page(query);
  }

  /**
   * The names as the hub writes them, each once (R57).
   * @throws HubError 400 naming all that cannot be names of users.
   */
  async normalise(names: readonly string[]): Promise<readonly string[]> {
    const normal = await Promise.all(names.map(async (name) => (await this.#names.normalise(name)).name));
    const invalid = normal.filter((name) => !this.#names.isValid(name));
    if (invalid.length === 0) return [...new Set(normal)];
    const shown = invalid.slice(0, 20).map((name) => name.slice(0, 255));
    throw bad(`Invalid username${invalid.length > 1 ? 's' : ''}: ${shown.join(', ')}`);
  }

  /**
   * For a name that must be given as the hub writes it (R59, our fix).
   * @throws HubError 400 when it is no name, or with the form to use instead.
   */
  async requireNormal(name: string): Promise<string> {
    const [normal] = await this.normalise([name]);
    if (normal === name) return name;
    throw bad(`Username ${name} must be written as: ${normal}`);
  }

  /** Creates all that do not exist, in one transaction (R57, R58). Names must be normal already. */
  async create(actor: Actor, names: readonly string[], admin = false): Promise<CreatedUsers> {
    const created = await this.#work.run(null, async () => {
      const added = await this.#store.add(names, admin);
      await this.#work.note(
        added.map(({ name }) => ({
          actor,
          action: 'user.create',
          target: `user:${name}`,
          details: { admin },
        })),
      );
      this.#work.afterCommit(() => {
        for (const { name } of added) this.#events.emit('userCreated', { user: name });
      });
      return added;
    });
    const isNew = new Set(created.map(({ name }) => name));
    return { created, existing: names.filter((name) => !isNew.has(name)) };
  }

  /**
   * Removes the row and everything that hangs on it: servers, tokens, logins, shares, codes, memberships (R173).
   * Refuses while one of the user's servers is not stopped.
   */
  async remove(actor: Actor, user: Pick<UserRecord, 'id' | 'name'>): Promise<Removal> {
    return this.#work.run(null, async () => {
      const removal = await this.#store.remove(user.id);
      if (removal !== 'removed') return removal;
      await this.#note(actor, 'user.delete', user.name);
      this.#work.afterCommit(() => this.#events.emit('userDeleted', { user: user.name }));
      return removal;
    });
  }

  /** Sets the flag and with it the role `admin` (R64). True when that changed anything. */
  async setAdmin(actor: Actor, user: Pick<UserRecord, 'id' | 'name'>, admin: boolean): Promise<boolean> {
    return this.#work.run(null, async () => {
      const changed = await this.#store.setAdmin(user.id, admin);
      if (changed) await this.#note(actor, 'user.admin', user.name, { admin });
      return changed;
    });
  }

  /**
   * Changes name, admin flag and auth state, all of what is asked or nothing (R61–R65). With the name every stored
   * `!user=` and `!server=` filter changes, and id, tokens, groups, roles and shares stay.
   *
   * @throws HubError 400 for a name that is none or somebody else's, while a server of the user is not stopped,
   *   and for an auth state that cannot be encrypted; 404 when the user is gone.
   * @returns the user as they are then.
   */
  async change(actor: Actor, user: Pick<UserRecord, 'id' | 'name'>, wish: UserChange): Promise<UserDetails> {
    const name = wish.name === undefined ? user.name : await this.#newName(wish.name);
    const sealed = wish.authState === undefined ? null : await this.#deps.authStates.seal(wish.authState);
    return this.#work.run(null, async () => {
      if (name !== user.name) await this.#rename(actor, user, name);
      if (wish.admin !== undefined) await this.setAdmin(actor, { id: user.id, name }, wish.admin);
      if (sealed !== null) {
        await this.#deps.authStates.setOfUser(user.id, sealed);
        await this.#note(actor, 'user.auth-state', name);
      }
      return (await this.#store.byName(name)) ?? gone(user.name);
    });
  }

  /** A disabled user keeps everything and can do nothing, from the next request on. True when that changed anything. */
  async setDisabled(
    actor: Actor,
    user: Pick<UserRecord, 'id' | 'name'>,
    disabled: boolean,
  ): Promise<boolean> {
    return this.#work.run(null, async () => {
      const changed = await this.#store.setDisabled(user.id, disabled);
      if (changed) await this.#note(actor, disabled ? 'user.disable' : 'user.enable', user.name);
      return changed;
    });
  }

  /**
   * What the authenticator keeps of the user, as the one they signed in with last brought it; `null` when there is
   * nothing or no key opens it (R65).
   */
  async authState(user: Pick<UserRecord, 'id'>): Promise<JsonObject | null> {
    return this.#deps.authStates.ofUser(user.id);
  }

  /** What is kept of one identity of the user, such as of the login that ends (P146); `null` as {@link authState}. */
  async authStateOf(userId: number, authenticator: string, subject: string): Promise<JsonObject | null> {
    return this.#deps.authStates.of(userId, { authenticator, subject });
  }

  async #newName(wish: string): Promise<string> {
    const { name } = await this.#names.normalise(wish);
    if (this.#names.isValid(name)) return name;
    throw bad(`Invalid username: '${name.slice(0, 255)}'`);
  }

  async #rename(actor: Actor, user: Pick<UserRecord, 'id' | 'name'>, name: string): Promise<void> {
    const taken = bad(`User ${name} already exists, username must be unique`);
    const renaming = await this.#store.rename(user.id, name).catch((error: unknown) => {
      // Somebody else took the name between our look and our write.
      throw isHubError(error) && error.code === 'HUB_CONFLICT' ? taken : error;
    });
    if (renaming === 'taken') throw taken;
    if (renaming === 'absent') gone(user.name);
    if (renaming === 'has-active-servers') {
      throw bad(`${user.name} has an active server. Please stop it before renaming the user.`);
    }
    await this.#deps.scopes.rewrite(user.name, (scope) => withUserRenamed(scope, user.name, name));
    await this.#note(actor, 'user.rename', name, { from: user.name });
    this.#work.afterCommit(() => this.#events.emit('userRenamed', { user: name, from: user.name }));
  }

  // A row of the trail only for what really happened.
  async #note(actor: Actor, action: string, name: string, details: JsonObject = {}): Promise<void> {
    await this.#work.note([{ actor, action, target: `user:${name}`, details }]);
  }
}

function bad(message: string): HubError {
  return new HubError('HUB_BAD_REQUEST', message);
}

function gone(name: string): never {
  throw new HubError('HUB_NOT_FOUND', `No such user: '${name}'`);
}
