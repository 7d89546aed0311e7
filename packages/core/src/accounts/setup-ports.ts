import type { RoleDefinition } from '../access/index.ts';
import { type JsonObject, token } from '../plugin/index.ts';
import type { BlockedElsewhere } from './access-rules.ts';
import type { ServiceClient } from './service-account.ts';

/** Somebody, by name, and a role they are to hold. */
export interface RoleHolder {
  readonly role: string;
  readonly name: string;
}

/** Who is to hold roles, for one kind of holder. */
export interface RoleHolders {
  readonly wanted: readonly RoleHolder[];
  /** Roles nobody else is to hold. */
  readonly exact: readonly string[];
}

/** A group of the configuration: created, extended, never emptied (R156). */
export interface GroupSetup {
  readonly name: string;
  readonly users: readonly string[];
  /** They replace what is stored; `null` leaves it. */
  readonly properties: JsonObject | null;
}

/** A service as its rows hold it. */
export interface ServiceRows {
  readonly name: string;
  readonly url: string | null;
  readonly info: JsonObject;
  readonly display: boolean;
  readonly timeout: number;
  readonly noConfirm: boolean;
  readonly tokenHash: string | null;
  readonly tokenPrefix: string | null;
  readonly client:
    | (ServiceClient & { readonly description: string; readonly secretHash: string | null })
    | null;
}

/** By what tokens of the configuration are known, and whose they are. */
export interface ConfiguredTokens {
  readonly note: string;
  readonly clientId: string;
}

/** What became of services. */
export interface ServiceChanges {
  /** No longer in the configuration: gone with their tokens (P502). */
  readonly removed: readonly string[];
  /** Created at run time before the configuration took their names: those were removed (P502). */
  readonly replaced: readonly string[];
  /** Services whose token is somebody else's already (P503). */
  readonly tokenTaken: readonly string[];
  /** Services whose OAuth client belongs to another one. */
  readonly clientTaken: readonly string[];
}

/**
 * Applies a configuration by statements over sets, inside a transaction of the caller: no statement reads users
 * into memory. Methods that answer with ids of users leave their access versions to {@link raiseVersions}.
 */
export interface AccountSetup {
  /** Waits until no other hub applies its configuration; until the transaction ends. */
  lock(): Promise<void>;
  /**
   * Makes the roles as stated and deletes all others, except those an authenticator manages (R150); raises the
   * access epoch when anything changed. Names of roles that are new, different or gone.
   */
  putRoles(roles: readonly RoleDefinition[]): Promise<readonly string[]>;
  /** Rows, tokens and OAuth clients of all services of the configuration, and no others of earlier ones. */
  putServices(services: readonly ServiceRows[], tokens: ConfiguredTokens): Promise<ServiceChanges>;
  /** Creates groups and adds members. Ids of users who joined one. */
  putGroups(groups: readonly GroupSetup[]): Promise<readonly number[]>;
  /** Sets flag `admin` of these users. Ids of those who had not got it. */
  makeAdmins(names: readonly string[]): Promise<readonly number[]>;
  /** Ids of users whose roles changed. Roles an authenticator gave stay. */
  setUserRoles(holders: RoleHolders): Promise<readonly number[]>;
  /** Raises the access epoch when anything changed. Unknown groups are created first. */
  setGroupRoles(holders: RoleHolders): Promise<void>;
  /** Services of the configuration hold what is wanted and nothing else. Answers the unknown ones. */
  setServiceRoles(holders: RoleHolders): Promise<readonly string[]>;
  /**
   * Keeps flag and role of administrators equal (R154), for users and services: the role decides. Where it is not
   * `exact`, who has the flag is given the role before. Ids of users who changed.
   */
  equaliseAdmins(exact: { readonly users: boolean; readonly services: boolean }): Promise<readonly number[]>;
  /**
   * Keeps exactly these out, whatever they still hold (P617): their logins end, with what came of them, and those
   * who are no longer named are let in again. Names that only another authenticator must not bring keep out the
   * users who know no other way, and end the logins by that one. Ids of users for whom that changed something.
   */
  putBlocked(names: readonly string[], elsewhere: readonly BlockedElsewhere[]): Promise<readonly number[]>;
  /** Takes admin flag, roles and groups from all who are kept out so (P617). Ids of those who had any. */
  stripBlocked(): Promise<readonly number[]>;
  /** Deletes OAuth clients that stand for no service and no server (W68). */
  removeStrayClients(): Promise<void>;
  /** What these users may do is worked out anew once the transaction commits. */
  raiseVersions(userIds: readonly number[]): Promise<void>;
}
export const AccountSetup = token<AccountSetup>('AccountSetup');
