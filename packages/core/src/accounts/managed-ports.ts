import { token } from '../plugin/index.ts';

/** A role as an authenticator defines it; what is absent stays as it is, for a new one empty. */
export interface ManagedDefinition {
  readonly name: string;
  readonly description?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
}

/** Who can hold a role. */
export type HolderKind = 'users' | 'groups' | 'services';

/**
 * Groups and roles as authenticators give them, inside a transaction of the caller. Whoever gains or loses something
 * gets a new access version in the same transaction.
 */
export interface ManagedRights {
  /** The user belongs to exactly these groups; missing ones are made, emptied ones stay. True when that changed. */
  setGroups(userId: number, names: readonly string[]): Promise<boolean>;
  /** Makes these roles, marked as managed, or changes them; holds them until the transaction ends. */
  putRoles(roles: readonly ManagedDefinition[]): Promise<void>;
  /**
   * Those whom an authenticator let hold the role are exactly these, besides who holds it by the configuration.
   * Names that nobody has.
   */
  setHolders(role: string, kind: HolderKind, names: readonly string[]): Promise<readonly string[]>;
  /** The user holds exactly these roles; `keep` are left as they are. Names won, and lost. */
  setRolesOf(
    userId: number,
    names: readonly string[],
    keep: readonly string[],
  ): Promise<{ readonly won: readonly string[]; readonly lost: readonly string[] }>;
  /** Did an authenticator let the user hold the role? */
  isManagedHolder(userId: number, role: string): Promise<boolean>;
  markHolder(userId: number, role: string, managed: boolean): Promise<void>;
  /** Of these the managed roles that nobody holds any more are removed. Names of those. */
  removeUnheld(names: readonly string[]): Promise<readonly string[]>;
  /** Removes all managed roles but these. Names of those. */
  removeRolesExcept(names: readonly string[]): Promise<readonly string[]>;
}
export const ManagedRights = token<ManagedRights>('ManagedRights');
