import type { Actor, DomainEvents, UnitOfWork } from '../kernel/index.ts';
import { HubError } from '../plugin/index.ts';
import type { Page, Removal, UserQuery, UserStore } from './ports.ts';
import type { UserDetails, UserRecord } from './records.ts';
import type { UserNames } from './user-names.ts';

/** What came of a wish to create users. */
export interface CreatedUsers {
  /** In the order asked. */
  readonly created: readonly UserRecord[];
  /** Names that were there already. */
  readonly existing: readonly string[];
}

/** Users: finding, listing, creating, removing, making administrators. Hooks of plugins are the caller's. */
export class Users {
  readonly #store: UserStore;
  readonly #work: UnitOfWork;
  readonly #events: DomainEvents;
  readonly #names: UserNames;

  constructor(deps: { store: UserStore; work: UnitOfWork; events: DomainEvents; names: UserNames }) {
    this.#store = deps.store;
    this.#work = deps.work;
    this.#events = deps.events;
    this.#names = deps.names;
  }

  /** The user of exactly this name, with all a model shows; `null` when there is none. */
  async get(name: string): Promise<UserDetails | null> {
    return this.#store.byName(name);
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
    throw new HubError(
      'HUB_BAD_REQUEST',
      `Invalid username${invalid.length > 1 ? 's' : ''}: ${invalid.map((name) => name.slice(0, 255)).join(', ')}`,
    );
  }

  /**
   * For a name that must be given as the hub writes it (R59, our fix).
   * @throws HubError 400 when it is no name, or with the form to use instead.
   */
  async requireNormal(name: string): Promise<string> {
    const [normal] = await this.normalise([name]);
    if (normal === name) return name;
    throw new HubError('HUB_BAD_REQUEST', `Username ${name} must be written as: ${normal}`);
  }

  /** Creates all that do not exist, in one transaction (R57, R58). Names must be normal already. */
  async create(actor: Actor, names: readonly string[], admin = false): Promise<CreatedUsers> {
    const created = await this.#work.run(null, async () => {
      const added = await this.#store.add(names, admin);
      for (const { name } of added) await this.#note(actor, 'user.create', name, { admin });
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

  // Joins the surrounding transaction: a row of the trail only for what really happened.
  async #note(actor: Actor, action: string, name: string, details?: { admin: boolean }): Promise<void> {
    await this.#work.run({ actor, action, target: `user:${name}`, details }, async () => undefined);
  }
}
