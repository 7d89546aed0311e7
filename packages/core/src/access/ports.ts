import { token } from '../plugin/index.ts';
import type { Membership } from './intersection.ts';

/** A role somebody holds. */
export interface RoleGrant {
  readonly name: string;
  /** Raw scopes, as the role stores them. */
  readonly scopes: readonly string[];
}

/** A server somebody else shares with a user, directly or through a group (R147). */
export interface ShareGrant {
  readonly server: { readonly owner: string; readonly name: string };
  /** Raw scopes; only their names count, the filter is always that server. */
  readonly scopes: readonly string[];
}

/** Everything one user holds. */
export interface UserGrants {
  readonly kind: 'user';
  readonly id: string;
  readonly name: string;
  /** The flag; it permits nothing by itself (R13). */
  readonly admin: boolean;
  /** Names of the user's groups. */
  readonly groups: readonly string[];
  /** Roles given to the user directly. */
  readonly roles: readonly RoleGrant[];
  /** Roles of the user's groups. */
  readonly groupRoles: readonly RoleGrant[];
  /** What is shared with the user or one of their groups; expired shares are left out. */
  readonly shares: readonly ShareGrant[];
}

/** Everything one service holds. */
export interface ServiceGrants {
  readonly kind: 'service';
  readonly id: string;
  readonly name: string;
  /** The flag; it permits nothing by itself (R13). */
  readonly admin: boolean;
  readonly roles: readonly RoleGrant[];
}

/** Reads what identities hold. */
export interface Grants {
  /** Everything a user holds, in one read; `null` when there is no such user. */
  ofUser(userId: string): Promise<UserGrants | null>;
  /** Everything a service holds, in one read; `null` when there is no such service. */
  ofService(serviceId: string): Promise<ServiceGrants | null>;
  /** Groups of the named users, in one read. Unknown users belong to none. */
  membershipOf(users: ReadonlySet<string>): Promise<Membership>;
}
export const Grants = token<Grants>('Grants');
