import type { Actor, UnitOfWork } from '../kernel/index.ts';
import { HubError, type JsonObject } from '../plugin/index.ts';
import type { GroupDetails, GroupQuery, GroupStore } from './group-ports.ts';
import type { Page } from './ports.ts';
import type { UserNames } from './user-names.ts';

/** The reference's column has room for so many characters. */
const longestName = 255;

/** Groups: finding, listing, creating, removing, who belongs to them (R102–R107). */
export class Groups {
  readonly #store: GroupStore;
  readonly #work: UnitOfWork;
  readonly #names: Pick<UserNames, 'normalise'>;

  constructor(deps: { store: GroupStore; work: UnitOfWork; names: Pick<UserNames, 'normalise'> }) {
    this.#store = deps.store;
    this.#work = deps.work;
    this.#names = deps.names;
  }

  /** The group of exactly this name, with its members and roles; `null` when there is none. */
  async get(name: string): Promise<GroupDetails | null> {
    return this.#store.byName(name);
  }

  /** @throws HubError 404 (R177). */
  async require(name: string): Promise<GroupDetails> {
    return (await this.#store.byName(name)) ?? noSuchGroup(name);
  }

  /** One page of groups, oldest first, filtered and counted by the database (R37, R107). */
  async page(query: GroupQuery): Promise<Page<GroupDetails>> {
    return this.#store.page(query);
  }

  /**
   * Creates all of them, each with the same members, or none (R102, R103, our fix). In the order asked.
   * @throws HubError 400 for a name no path can hold or an unknown user, 409 for a group that is there already.
   */
  async create(
    actor: Actor,
    names: readonly string[],
    users: readonly string[] = [],
  ): Promise<readonly GroupDetails[]> {
    for (const name of names) requireName(name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) throw alreadyThere(twice);
    const members = await this.#normal(users);

    return this.#work.run(null, async () => {
      const added = await this.#store.add(names);
      const existing = names.find((name) => !added.has(name));
      if (existing !== undefined) throw alreadyThere(existing);
      await this.#requireUsers(members);
      await this.#store.addMembers(names, members);
      await this.#work.note(
        names.map((name) => ({
          actor,
          action: 'group.create',
          target: `group:${name}`,
          details: { users: members },
        })),
      );
      return this.#store.byNames(names);
    });
  }

  /**
   * Adds members; who is one already stays one (R104). Answers with the group as it is then.
   * @throws HubError 404 for an unknown group, 400 for an unknown user; nothing is changed.
   */
  async addMembers(actor: Actor, group: string, users: readonly string[]): Promise<GroupDetails> {
    return this.#change(actor, 'group.add-users', group, users, (members) =>
      this.#store.addMembers([group], members),
    );
  }

  /** Removes members, as {@link addMembers} adds them; who is none is passed over (R104). */
  async removeMembers(actor: Actor, group: string, users: readonly string[]): Promise<GroupDetails> {
    return this.#change(actor, 'group.remove-users', group, users, (members) =>
      this.#store.removeMembers(group, members),
    );
  }

  /** Replaces all properties (R105). @throws HubError 404. */
  async setProperties(actor: Actor, name: string, properties: JsonObject): Promise<GroupDetails> {
    return this.#work.run({ actor, action: 'group.properties', target: `group:${name}` }, async () => {
      if (!(await this.#store.setProperties(name, properties))) noSuchGroup(name);
      return this.require(name);
    });
  }

  /** Removes the group, its memberships and what was shared with it; its members stay (R173, R177). @throws HubError 404. */
  async remove(actor: Actor, name: string): Promise<void> {
    await this.#work.run({ actor, action: 'group.delete', target: `group:${name}` }, async () => {
      if (!(await this.#store.remove(name))) noSuchGroup(name);
    });
  }

  async #change(
    actor: Actor,
    action: string,
    group: string,
    users: readonly string[],
    change: (members: readonly string[]) => Promise<void>,
  ): Promise<GroupDetails> {
    const members = await this.#normal(users);
    return this.#work.run(
      { actor, action, target: `group:${group}`, details: { users: members } },
      async () => {
        await this.require(group);
        await this.#requireUsers(members);
        await change(members);
        return this.require(group);
      },
    );
  }

  async #normal(users: readonly string[]): Promise<readonly string[]> {
    const names = await Promise.all(users.map(async (name) => (await this.#names.normalise(name)).name));
    return [...new Set(names)];
  }

  async #requireUsers(names: readonly string[]): Promise<void> {
    const [unknown] = await this.#store.unknownUsers(names);
    if (unknown !== undefined) {
      throw new HubError('HUB_BAD_REQUEST', `No such user: ${unknown.slice(0, longestName)}`);
    }
  }
}

function requireName(name: string): void {
  if (name !== '' && name.length <= longestName) return;
  throw new HubError('HUB_BAD_REQUEST', `Invalid group name: '${name.slice(0, 32)}' (1 to 255 characters)`);
}

function alreadyThere(name: string): HubError {
  return new HubError('HUB_CONFLICT', `Group ${name} already exists`);
}

function noSuchGroup(name: string): never {
  throw new HubError('HUB_NOT_FOUND', `No such group: ${name}`);
}
