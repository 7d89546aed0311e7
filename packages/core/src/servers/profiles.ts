import { type FormSchema, HubError, type UserView } from '../plugin/index.ts';

/** A way to run a server that people can choose: a spawner, options for it, and questions of its own. */
export interface Profile {
  /** What is stored and sent: `gpu`. */
  readonly id: string;
  readonly name: string;
  /** A sentence about it, or `''`. */
  readonly description: string;
  /** Id of the spawner. */
  readonly spawner: string;
  /** Take the place of the spawner's own options in a start with this profile. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Who may choose it: members of these groups and these users; `null` for everybody. */
  readonly for: { readonly groups: readonly string[]; readonly users: readonly string[] } | null;
  /** Chosen where nothing else is, by those to whom it is offered. */
  readonly isDefault: boolean;
  /** What is asked in place of the spawner's own form; `null` asks nothing, `undefined` leaves it to the spawner. */
  readonly form: FormSchema | null | undefined;
}

/** The profiles of a hub, in the order they are shown; none where a start chooses nothing. */
export type Profiles = readonly Profile[];

/** Those a user may choose. */
export function offeredProfiles(all: Profiles, user: Pick<UserView, 'name' | 'groups'>): Profiles {
  return all.filter(
    (profile) =>
      profile.for === null ||
      profile.for.users.includes(user.name) ||
      profile.for.groups.some((group) => user.groups.includes(group)),
  );
}

/**
 * The profile of a start. Asked for anew each time, because groups change: a hidden one that is asked for is
 * refused, whoever asks and however.
 *
 * @throws HubError 400 for one that does not exist, 403 for one that is not offered to the user, or when none is.
 */
export function chosenProfile(
  all: Profiles,
  user: Pick<UserView, 'name' | 'groups'>,
  wanted: string | null,
): Profile {
  const offered = offeredProfiles(all, user);
  const ids = offered.map(({ id }) => id).join(', ');
  const [first] = offered;
  if (!first) throw new HubError('HUB_FORBIDDEN', `No profile is offered to ${user.name}.`);
  if (wanted === null) return offered.find(({ isDefault }) => isDefault) ?? first;
  const found = offered.find(({ id }) => id === wanted);
  if (found) return found;
  if (all.some(({ id }) => id === wanted)) {
    throw new HubError(
      'HUB_FORBIDDEN',
      `The profile "${wanted}" is not offered to ${user.name}. Choose one of: ${ids}.`,
    );
  }
  const shown = wanted.slice(0, 64);
  throw new HubError('HUB_BAD_REQUEST', `There is no profile "${shown}". Choose one of: ${ids}.`);
}
