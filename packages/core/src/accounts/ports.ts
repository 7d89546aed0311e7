import type { Client, Filter } from '../access/index.ts';
import { type Instant, type JsonObject, token } from '../plugin/index.ts';
import type { IdentityAge } from './identity-ports.ts';
import type { LoginRecord, OAuthClient, TokenRecord, UserDetails, UserRecord } from './records.ts';

/** Who owns a credential, as it is now. */
export type CredentialOwner =
  | {
      readonly kind: 'user';
      readonly id: number;
      readonly name: string;
      readonly admin: boolean;
      readonly disabled: boolean;
      readonly groups: readonly string[];
      readonly created: Instant;
      readonly lastActivity: Instant | null;
      readonly accessVersion: number;
    }
  | {
      readonly kind: 'service';
      readonly id: number;
      readonly name: string;
      readonly admin: boolean;
      readonly accessVersion: number;
    };

interface Credential {
  readonly owner: CredentialOwner;
  readonly sessionId: string | null;
  readonly lastUsed: Instant | null;
  readonly expired: boolean;
  /** The database's time of this look. */
  readonly now: Instant;
  /** Raised whenever what a role or group may do changes for everybody. */
  readonly accessEpoch: number;
  /**
   * Who the user is at an authenticator: for a login who signed in, for a token the identity used last, where that was
   * asked for.
   */
  readonly identity: IdentityAge | null;
}

/** A token and its owner, seen in one look. */
export interface TokenCredential extends Credential {
  readonly tokenId: number;
  readonly scopes: readonly string[];
  readonly note: string;
  readonly clientId: string;
  readonly client: Client;
  /** The login it came from; where that has ended, so has the token. */
  readonly loginId: number | null;
  /** The user it belongs to, where that was asked for. */
  readonly details: UserDetails | null;
}

/** A browser's login and its user, seen in one look. */
export interface LoginCredential extends Credential {
  readonly loginId: number;
  readonly owner: Extract<CredentialOwner, { kind: 'user' }>;
}

/** Looks up credentials: one prepared statement and one index probe each. */
export interface CredentialStore {
  token(
    hash: string,
    wanted?: { readonly details?: boolean; readonly identity?: boolean },
  ): Promise<TokenCredential | null>;
  login(hash: string): Promise<LoginCredential | null>;
  /** Those of these tokens and logins that are good now, with the versions their rights are kept under. */
  versions(
    tokens: readonly number[],
    logins: readonly number[],
  ): Promise<readonly { readonly kind: 'token' | 'login'; readonly id: number; readonly version: string }[]>;
}
export const CredentialStore = token<CredentialStore>('CredentialStore');

/** Something was active: at a time, or now by the database's clock. Never moves backwards (R71). */
export interface ActivityMark {
  readonly kind: 'user' | 'server' | 'token' | 'login';
  readonly id: number;
  readonly at: Instant | null;
}

/** Writes activity and finds those it is reported for. */
export interface ActivityStore {
  /** All marks in one transaction, rows in the order of their ids; of several for one thing the latest counts. */
  write(marks: readonly ActivityMark[]): Promise<void>;
  /** The user, the ids of all their servers by name, and the database's time. */
  find(user: string): Promise<{
    readonly userId: number;
    readonly servers: ReadonlyMap<string, number>;
    readonly now: Instant;
  } | null>;
}
export const ActivityStore = token<ActivityStore>('ActivityStore');

/** Which users, in which order, and which of them (R50–R54). */
export interface UserQuery {
  readonly access: Filter;
  readonly state: 'active' | 'inactive' | 'ready' | null;
  /** Part of the name, in any case; `''` for all. */
  readonly nameFilter: string;
  readonly sort: { readonly by: 'id' | 'name' | 'last_activity'; readonly descending: boolean };
  readonly offset: number;
  readonly limit: number;
}

/** A page of a list and how long the whole list is. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly total: number;
}

/** What became of a wish to remove a user. */
export type Removal = 'removed' | 'absent' | 'has-active-servers';

/** What became of a wish to give a user another name. */
export type Renaming = 'renamed' | 'absent' | 'taken' | 'has-active-servers';

/** Users and who they are at an authenticator. Every change of rights raises the user's access version. */
export interface UserStore {
  byName(name: string): Promise<UserDetails | null>;
  /** Those of these names that there are, in the order asked. */
  byNames(names: readonly string[]): Promise<readonly UserDetails[]>;
  page(query: UserQuery): Promise<Page<UserDetails>>;
  /** Adds those that are not there yet, with role `user` and, where so, `admin`; in the order asked. */
  add(names: readonly string[], admin: boolean): Promise<readonly UserRecord[]>;
  /** Removes the row and all that hangs on it, unless one of the servers is not stopped. */
  remove(id: number): Promise<Removal>;
  /** Sets flag and role (R64). True when that changed anything. */
  setAdmin(id: number, admin: boolean): Promise<boolean>;
  setUserInfo(id: number, info: JsonObject): Promise<void>;
  /** Another name, unless somebody has it or one of the servers is not stopped. Inside a transaction. */
  rename(id: number, name: string): Promise<Renaming>;
  /** True when that changed anything. */
  setDisabled(id: number, disabled: boolean): Promise<boolean>;
  /** Gives role `user`, and `admin` to administrators, where they are missing (R154). */
  assertDefaultRoles(id: number): Promise<void>;
  /** The user bound to this identity. */
  byIdentity(authenticator: string, subject: string): Promise<UserRecord | null>;
  /** Authenticators and subjects this user is bound to. Locks the user until the transaction ends. */
  identitiesOf(
    userId: number,
  ): Promise<readonly { readonly authenticator: string; readonly subject: string }[]>;
  /** Binds, unless somebody is bound to it already; answers who is. */
  bind(userId: number, authenticator: string, subject: string): Promise<number>;
}
export const UserStore = token<UserStore>('UserStore');

/** A token to be stored. */
export interface NewToken {
  readonly ownerKind: 'user' | 'service';
  readonly ownerId: number;
  readonly hash: string;
  readonly prefix: string;
  readonly clientId: string;
  readonly sessionId: string | null;
  /** The login whose browser asked for it: it never outlives that one. */
  readonly loginId?: number | null;
  readonly note: string;
  readonly scopes: readonly string[];
  /** Seconds from now; `null` never ends. */
  readonly expiresIn: number | null;
}

/** How many rows {@link TokenStore.purge} removed. */
export interface Purged {
  readonly tokens: number;
  readonly codes: number;
  readonly logins: number;
  readonly shares: number;
  readonly shareCodes: number;
}

/** How long things last at most, in seconds; `null` for no limit. */
export interface LongestLives {
  readonly tokenSeconds: number | null;
  readonly loginSeconds: number;
  /** A login that nobody used for so long ends. */
  readonly idleSeconds: number | null;
}

export interface TokenStore {
  /** @throws HubError 403 for a user who is disabled. */
  add(token: NewToken): Promise<number>;
  /** Those not expired, by last use or else creation, oldest first (R100). */
  ofUser(userId: number): Promise<readonly TokenRecord[]>;
  get(userId: number, id: number): Promise<TokenRecord | null>;
  remove(id: number): Promise<void>;
  /** All of one user issued by one client. */
  removeOfClient(userId: number, clientId: string): Promise<number>;
  /** Tokens and codes bound to any of these sessions or logins of a user. */
  removeOfSessions(
    userId: number,
    sessionIds: readonly string[],
    loginIds?: readonly number[],
  ): Promise<number>;
  /** Tokens and codes bound to any session of a user. */
  removeOfAllSessions(userId: number): Promise<number>;
  /** All codes and tokens of a user, except those that servers run with. */
  removeAll(userId: number): Promise<number>;
  /** Shortens the lives of tokens of users, those of servers excepted, and of logins that exceed these. */
  limitLives(lives: LongestLives): Promise<void>;
  /** Deletes what has expired (R174). */
  purge(): Promise<Purged>;
}
export const TokenStore = token<TokenStore>('TokenStore');

/** An OAuth client to be stored. */
export type NewOAuthClient = Omit<OAuthClient, 'client'>;

/** An authorisation code's facts, without the code. */
export interface OAuthCode {
  readonly clientId: string;
  readonly userId: number;
  readonly sessionId: string | null;
  readonly loginId: number | null;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly codeChallenge: string | null;
  readonly codeChallengeMethod: string | null;
  readonly expiresAt: Instant;
}

export interface OAuthStore {
  putClient(client: NewOAuthClient): Promise<void>;
  /** False, and nothing is changed, where the identifier is not this server's. */
  putServerClient(client: NewOAuthClient & { readonly serverId: number }): Promise<boolean>;
  client(identifier: string): Promise<OAuthClient | null>;
  removeClient(identifier: string): Promise<boolean>;
  addCode(hash: string, code: Omit<OAuthCode, 'expiresAt'>, expiresIn: number): Promise<void>;
  /** Removes the code and answers with it; `null` when it is not there, too old, or its user disabled. */
  takeCode(hash: string): Promise<OAuthCode | null>;
  /** Raw scopes of each token the user has from the client, expired ones left out (R165). */
  grantedScopes(userId: number, clientId: string): Promise<readonly { readonly scopes: readonly string[] }[]>;
}
export const OAuthStore = token<OAuthStore>('OAuthStore');

/** A login to be stored. */
export interface NewLogin {
  readonly userId: number;
  readonly hash: string;
  readonly authenticator: string;
  readonly subject: string;
  readonly providerSession: string | null;
  readonly sessionId: string | null;
  readonly userAgent: string;
  readonly ip: string;
  /** Seconds from now. */
  readonly expiresIn: number;
}

/** Logins as a provider names them. */
export interface ProviderLogins {
  readonly authenticator: string;
  readonly subject?: string | undefined;
  readonly providerSession?: string | undefined;
}

export interface LoginStore {
  /** @throws HubError 403 for a user who is disabled. */
  add(login: NewLogin): Promise<number>;
  ofUser(userId: number): Promise<readonly LoginRecord[]>;
  remove(userId: number, id: number): Promise<LoginRecord | null>;
  removeAll(userId: number): Promise<number>;
  /** Removes what one authenticator began for this subject, in this session of its provider, or both. */
  removeOfProvider(which: ProviderLogins): Promise<readonly (LoginRecord & { readonly user: string })[]>;
}
export const LoginStore = token<LoginStore>('LoginStore');
