/** Who holds a role, as the configuration states it. */
export interface MembersStatement {
  readonly name: string;
  readonly users?: readonly string[] | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly services?: readonly string[] | undefined;
}

/** Who is to hold a role: exactly these, or with `null` whoever holds it now. */
export interface RoleMembers {
  readonly role: string;
  readonly users: readonly string[] | null;
  readonly groups: readonly string[] | null;
  readonly services: readonly string[] | null;
}

/**
 * What the members of a configured role mean: each kind is exact, an omitted one is empty (R152). Left out, the
 * users of `user` stay as they are, and users and services of `admin` follow their flags.
 */
export function roleMembers({ name, users, groups, services }: MembersStatement): RoleMembers {
  const followsFlags = name === 'admin';
  return {
    role: name,
    users: users ?? (name === 'user' || followsFlags ? null : []),
    groups: groups ?? [],
    services: services ?? (followsFlags ? null : []),
  };
}
