import { type Authenticator, HubError } from '../plugin/index.ts';
import { type UserNameSettings, type UserNames, userNames } from './user-names.ts';

/** An authenticator of the configuration under its id. */
export interface AuthenticatorInstance {
  readonly id: string;
  readonly authenticator: Authenticator;
}

/** Who may sign in and who administers. A plain name means the first authenticator, `github:ada` another. */
export interface AccessSettings extends UserNameSettings {
  readonly admins?: readonly string[] | undefined;
  readonly allowAll?: boolean | undefined;
  readonly allowed?: readonly string[] | undefined;
  readonly blocked?: readonly string[] | undefined;
  /** Lets everybody in who has an account already; by default when `allowed` names anybody (P119). */
  readonly allowExisting?: boolean | undefined;
}

/** Users that another part of the configuration names, such as the members of a role. */
export interface NamedUsers {
  /** The place, for messages: `roles: grader.users`. */
  readonly where: string;
  readonly names: readonly string[];
}

/** A name that may not come by one authenticator. */
export interface BlockedElsewhere {
  readonly authenticator: string;
  readonly name: string;
}

/** The settings, with all names as the hub writes them. */
export interface AccessRules {
  namesOf(authenticator: string): UserNames;
  /** The rules for names that no authenticator brought: those of the first. */
  readonly names: UserNames;
  /** Is everybody let in whom this authenticator knows? */
  allowsAll(authenticator: string): boolean;
  readonly allowExisting: boolean;
  isBlocked(authenticator: string, name: string): boolean;
  isAllowed(authenticator: string, name: string): boolean;
  isAdmin(authenticator: string, name: string): boolean;
  /** May who signs in here take a user of this name that nobody has signed in as? */
  speaksFor(authenticator: string, name: string): boolean;
  /** Names of users that must exist, administrators, and those to be kept out, whoever brings them. */
  readonly adminNames: readonly string[];
  readonly allowedNames: readonly string[];
  readonly blockedNames: readonly string[];
  /** Names kept out only where one of the other authenticators brings them. */
  readonly blockedElsewhere: readonly BlockedElsewhere[];
  /** The user that an entry of {@link NamedUsers} stands for. */
  nameOf(entry: string): string;
}

/**
 * Brings the settings into the form the hub works with.
 * @throws HubError `HUB_CONFIG_INVALID` with all names that cannot be names of users (P614).
 */
export async function accessRules(
  settings: AccessSettings,
  instances: readonly AuthenticatorInstance[],
  named: readonly NamedUsers[] = [],
): Promise<AccessRules> {
  const first = instances[0]?.id ?? '';
  const byId = new Map(
    instances.map(({ id, authenticator }) => [
      id,
      userNames(settings, { id, isFirst: id === first, authenticator }),
    ]),
  );
  const names = byId.get(first) ?? userNames(settings, null);
  const open = new Set(
    instances.filter(({ authenticator }) => authenticator.letsEverybodyIn).map(({ id }) => id),
  );
  const problems: string[] = [];

  const normalNames = new Map<string, string>();
  const read = async (
    where: string,
    entries: readonly string[],
    list = new NameList(),
  ): Promise<NameList> => {
    for (const entry of entries) {
      const { id, name } = splitEntry(entry, byId, first);
      const rules = byId.get(id) ?? names;
      const normal = normalNames.get(entry) ?? (await rules.normalise(name)).name;
      normalNames.set(entry, normal);
      if (rules.isValid(normal)) list.add(id, normal);
      else problems.push(`${where}: '${entry}' cannot be the name of a user`);
    }
    return list;
  };
  const admins = await read('access.admins', settings.admins ?? []);
  const allowed = await read('access.allowed', settings.allowed ?? []);
  const blocked = await read('access.blocked', settings.blocked ?? []);
  const others = new NameList();
  for (const { where, names: entries } of named) await read(where, entries, others);
  // P614: administrators are let in, too, wherever a list says who is.
  if (allowed.size > 0) allowed.addAll(admins);
  const lists = [admins, allowed, others];
  problems.push(...ambiguous(lists));
  if (problems.length > 0) {
    throw new HubError('HUB_CONFIG_INVALID', 'The settings of access have mistakes.', { problems });
  }

  return {
    names,
    namesOf: (id) => byId.get(id) ?? names,
    allowsAll: (id) => settings.allowAll ?? (allowed.size === 0 && open.has(id)),
    allowExisting: settings.allowExisting ?? allowed.size > 0,
    isBlocked: (id, name) => blocked.has(first, name) || blocked.has(id, name),
    isAllowed: (id, name) => allowed.has(id, name),
    isAdmin: (id, name) => admins.has(id, name),
    speaksFor: (id, name) => {
      if (lists.some((list) => list.has(id, name))) return true;
      return id === first && !lists.some((list) => list.hasAny(name));
    },
    adminNames: admins.all(),
    allowedNames: allowed.all(),
    blockedNames: blocked.of(first),
    blockedElsewhere: [...byId.keys()]
      .filter((id) => id !== first)
      .flatMap((authenticator) => blocked.of(authenticator).map((name) => ({ authenticator, name }))),
    nameOf: (entry) => normalNames.get(entry) ?? entry,
  };
}

/** Names by authenticator. */
class NameList {
  readonly #byId = new Map<string, Set<string>>();

  add(id: string, name: string): void {
    const names = this.#byId.get(id) ?? new Set();
    this.#byId.set(id, names.add(name));
  }

  addAll(other: NameList): void {
    for (const [id, names] of other.#byId) for (const name of names) this.add(id, name);
  }

  has(id: string, name: string): boolean {
    return this.#byId.get(id)?.has(name) ?? false;
  }

  hasAny(name: string): boolean {
    return [...this.#byId.values()].some((names) => names.has(name));
  }

  of(id: string): readonly string[] {
    return [...(this.#byId.get(id) ?? [])];
  }

  all(): readonly string[] {
    return [...new Set([...this.#byId.values()].flatMap((names) => [...names]))].sort();
  }

  /** Authenticators that a name is listed for. */
  idsOf(name: string): readonly string[] {
    return [...this.#byId].filter(([, names]) => names.has(name)).map(([id]) => id);
  }

  get size(): number {
    return this.all().length;
  }
}

/** `github:ada` → the authenticator `github`, if there is one; else all of it is a name. */
function splitEntry(
  entry: string,
  known: ReadonlyMap<string, unknown>,
  first: string,
): { readonly id: string; readonly name: string } {
  const colon = entry.indexOf(':');
  const id = entry.slice(0, Math.max(0, colon));
  return known.has(id) ? { id, name: entry.slice(colon + 1) } : { id: first, name: entry };
}

function ambiguous(lists: readonly NameList[]): readonly string[] {
  const names = new Set(lists.flatMap((list) => list.all()));
  return [...names].flatMap((name) => {
    const ids = [...new Set(lists.flatMap((list) => list.idsOf(name)))];
    if (ids.length < 2) return [];
    return [
      `access: '${name}' is listed for ${ids.join(' and ')}; one user cannot be both, give one of them another name by nameMap`,
    ];
  });
}
