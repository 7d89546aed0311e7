import type { Page } from '../accounts/index.ts';
import { type Instant, token } from '../plugin/index.ts';

/** A server as shares speak of it (section 2.4). */
export interface SharedServer {
  readonly id: number;
  readonly ownerId: number;
  /** Name of the owner. */
  readonly owner: string;
  /** `''` for the default one. */
  readonly name: string;
  readonly ready: boolean;
}

/** With whom a server is shared. */
export interface Recipient {
  readonly kind: 'user' | 'group';
  readonly id: number;
  readonly name: string;
}

/** A server shared with one user or one group. */
export interface ShareRecord {
  readonly id: number;
  readonly server: SharedServer;
  /** Names of scopes, sorted. Their filter is always this server, whatever it is called now (R147). */
  readonly scopes: readonly string[];
  readonly recipient: Recipient;
  readonly createdAt: Instant;
}

/** A code by which whoever has it gets a share. */
export interface ShareCodeRecord {
  readonly id: number;
  readonly server: SharedServer;
  /** As in {@link ShareRecord}. */
  readonly scopes: readonly string[];
  readonly createdAt: Instant;
  readonly expiresAt: Instant;
  readonly exchangeCount: number;
  readonly lastExchangedAt: Instant | null;
}

/** Of one server, or of all servers of an owner. */
export type ServersMeant =
  | { readonly kind: 'server'; readonly id: number }
  | { readonly kind: 'owner'; readonly id: number };

/** Whose shares a list shows: those of servers, or those a user (their groups included) or a group was given. */
export type SharesMeant = ServersMeant | { readonly kind: 'user' | 'group'; readonly id: number };

/** Which part of a list. */
export interface Slice {
  readonly offset: number;
  readonly limit: number;
}

/** Shares as rows. Recipients get a new access version in the same transaction. */
export interface ShareStore {
  /** By age; expired ones are neither shown nor counted (R37). */
  page(of: SharesMeant, slice: Slice): Promise<Page<ShareRecord>>;
  find(serverId: number, recipient: Pick<Recipient, 'kind' | 'id'>): Promise<ShareRecord | null>;
  /** Adds these scopes to what the recipient has of the server (R116). */
  grant(
    serverId: number,
    recipient: Pick<Recipient, 'kind' | 'id'>,
    scopes: readonly string[],
  ): Promise<ShareRecord>;
  /** Takes these scopes away, `null` for all; what is left, or `null` when nothing is (R117). */
  revoke(
    serverId: number,
    recipient: Pick<Recipient, 'kind' | 'id'>,
    scopes: readonly string[] | null,
  ): Promise<ShareRecord | null>;
  /** Takes every share of the server away (R118). */
  revokeAll(serverId: number): Promise<number>;
}
export const ShareStore = token<ShareStore>('ShareStore');

/** A code to be stored. */
export interface NewShareCode {
  readonly serverId: number;
  readonly hash: string;
  readonly scopes: readonly string[];
  /** Seconds from now. */
  readonly expiresIn: number;
}

/** Codes as rows, found by the hash of the code. */
export interface ShareCodeStore {
  page(of: ServersMeant, slice: Slice): Promise<Page<ShareCodeRecord>>;
  add(code: NewShareCode): Promise<ShareCodeRecord>;
  /** `null` when there is none or it has expired. */
  find(hash: string): Promise<ShareCodeRecord | null>;
  /** The same, counted as one use (R122). */
  use(hash: string): Promise<ShareCodeRecord | null>;
  /** Deletes codes of a server: one by its hash or its id, or all. How many there were. */
  remove(
    serverId: number,
    which: { readonly hash: string } | { readonly id: number } | 'all',
  ): Promise<number>;
}
export const ShareCodeStore = token<ShareCodeStore>('ShareCodeStore');
