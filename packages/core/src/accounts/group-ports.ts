import type { Filter } from '../access/index.ts';
import { type JsonObject, token } from '../plugin/index.ts';
import type { Page } from './ports.ts';

/** A group with everything its model is made of (section 2.3), read in one statement. */
export interface GroupDetails {
  readonly id: number;
  readonly name: string;
  readonly properties: JsonObject;
  /** Names of members, sorted. */
  readonly users: readonly string[];
  /** Names of roles, sorted. */
  readonly roles: readonly string[];
}

/** Which groups, and which of them, by age (R107). */
export interface GroupQuery {
  readonly access: Filter;
  readonly offset: number;
  readonly limit: number;
}

/** Groups as rows. Whoever gains or loses a membership gets a new access version in the same transaction. */
export interface GroupStore {
  byName(name: string): Promise<GroupDetails | null>;
  /** The named ones, in the order asked. */
  byNames(names: readonly string[]): Promise<readonly GroupDetails[]>;
  page(query: GroupQuery): Promise<Page<GroupDetails>>;
  /** Adds those that are not there yet; answers with the names added. */
  add(names: readonly string[]): Promise<ReadonlySet<string>>;
  /** Makes all these users members of all these groups; unknown names of either are passed over. */
  addMembers(groups: readonly string[], users: readonly string[]): Promise<void>;
  removeMembers(group: string, users: readonly string[]): Promise<void>;
  /** True when there is such a group. */
  setProperties(name: string, properties: JsonObject): Promise<boolean>;
  /** True when there was one. */
  remove(name: string): Promise<boolean>;
  /** Of these names those no user has, in the order asked. */
  unknownUsers(names: readonly string[]): Promise<readonly string[]>;
}
export const GroupStore = token<GroupStore>('GroupStore');
