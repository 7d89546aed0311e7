import {
  type Grants,
  type ScopeSet,
  type ScopeTable,
  tokenScopes,
  userScopes,
  usersNeededForToken,
} from '../access/index.ts';
import { hashSecret } from '../kernel/index.ts';
import { type Identity, serverTokenNote } from './identity.ts';
import type { LastSeen } from './last-seen.ts';
import type { CredentialOwner, CredentialStore, LoginCredential, TokenCredential } from './ports.ts';
import { loginIdOf, tokenIdOf, tokenName } from './records.ts';
import { VersionedCache } from './versioned-cache.ts';

/** Does this use count as activity of the user? Requests to stopped servers do not (W41). */
export interface Use {
  readonly activity: boolean;
  /** Bring all that a model of the token's user shows, in the same look. */
  readonly details?: boolean;
  /** Bring how old the word of the user's authenticator is; a login's always comes. */
  readonly identity?: boolean;
}

const counts: Use = { activity: true };

/** No token that anybody was given is longer (R8, R170). */
const maxTokenLength = 64;

/**
 * Tells who is asking. What was revoked, expired or disabled is seen at the very next look, on every hub: each
 * look reads the database, and only the sum of the scopes is kept, under the versions it was made from.
 */
export class Credentials {
  readonly #store: CredentialStore;
  readonly #grants: Grants;
  readonly #table: ScopeTable;
  readonly #lastSeen: LastSeen;
  readonly #scopes: VersionedCache<ScopeSet>;

  constructor(deps: {
    store: CredentialStore;
    grants: Grants;
    table: ScopeTable;
    lastSeen: LastSeen;
    /** How many scope sets are kept. */
    cacheSize?: number;
  }) {
    this.#store = deps.store;
    this.#grants = deps.grants;
    this.#table = deps.table;
    this.#lastSeen = deps.lastSeen;
    this.#scopes = new VersionedCache(deps.cacheSize ?? 20_000);
  }

  /** Whom a token belongs to; `null` when it is unknown, expired, malformed or its owner is disabled (R8). */
  async check(token: string, use: Use = counts): Promise<Identity | null> {
    if (token === '' || token.length > maxTokenLength) return null;
    const found = await this.#store.token(hashSecret(token), use);
    if (!found || !usable(found)) return null;
    const scopes = await this.#kept(`t${found.tokenId}`, found, () => this.#ofToken(found));
    if (!scopes) return null;

    this.#lastSeen.tokenUsed(found, use.activity);
    return {
      ...whoIs(found.owner),
      scopes,
      tokenId: tokenName(found.tokenId),
      clientId: found.clientId,
      sessionId: found.sessionId,
      loginId: null,
      isServer: found.note.startsWith(serverTokenNote),
      provided: found.identity,
      details: found.details,
    };
  }

  /** Whom a browser's login belongs to; `loginId` is the secret from the cookie (W44). */
  async checkLogin(loginId: string, use: Use = counts): Promise<Identity | null> {
    if (loginId === '' || loginId.length > maxTokenLength) return null;
    const found = await this.#store.login(hashSecret(loginId));
    if (!found || !usable(found)) return null;
    const scopes = await this.#kept(`u${found.owner.id}`, found, () => this.#ofUser(found.owner.id));
    if (!scopes) return null;

    this.#lastSeen.loginUsed(found, use.activity);
    return {
      ...whoIs(found.owner),
      scopes,
      tokenId: null,
      clientId: null,
      sessionId: found.sessionId,
      loginId: found.loginId,
      isServer: false,
      provided: found.identity,
      details: null,
    };
  }

  /** Those of the named tokens (`a17`) and logins (`l5`) that are good now; another version: other rights. */
  async versions<Name extends string>(names: readonly Name[]): Promise<ReadonlyMap<Name, string>> {
    const tokens = new Map(names.map((name) => [tokenIdOf(name), name]));
    const logins = new Map(names.map((name) => [loginIdOf(name), name]));
    tokens.delete(null);
    logins.delete(null);
    const ids = (known: ReadonlyMap<number | null, Name>) => [...known.keys()].filter((id) => id !== null);
    const found = await this.#store.versions(ids(tokens), ids(logins));
    const good = new Map<Name, string>();
    for (const { kind, id, version } of found) {
      const name = (kind === 'token' ? tokens : logins).get(id);
      if (name !== undefined) good.set(name, version);
    }
    return good;
  }

  async #kept(
    key: string,
    found: TokenCredential | LoginCredential,
    work: () => Promise<{ scopes: ScopeSet; mayKeep: boolean } | null>,
  ): Promise<ScopeSet | null> {
    const version = `${found.owner.accessVersion}.${found.accessEpoch}`;
    const kept = this.#scopes.get(key, version);
    if (kept) return kept;
    // Read after the versions: at worst newer than they say, and then read again at the next look.
    const made = await work();
    if (made?.mayKeep) this.#scopes.set(key, version, made.scopes);
    return made?.scopes ?? null;
  }

  async #ofUser(userId: number): Promise<{ scopes: ScopeSet; mayKeep: boolean } | null> {
    const held = await this.#grants.ofUser(String(userId));
    return held && { scopes: userScopes(this.#table, held), mayKeep: true };
  }

  async #ofToken(token: TokenCredential): Promise<{ scopes: ScopeSet; mayKeep: boolean } | null> {
    const { kind, id } = token.owner;
    const held = await (kind === 'user'
      ? this.#grants.ofUser(String(id))
      : this.#grants.ofService(String(id)));
    if (!held) return null;
    const others = usersNeededForToken(this.#table, token, held);
    if (others.size === 0) return { scopes: tokenScopes(this.#table, token, held), mayKeep: true };
    // R141: holds only as long as other people's memberships, which have versions of their own.
    const members = await this.#grants.membershipOf(others);
    return { scopes: tokenScopes(this.#table, token, held, members), mayKeep: false };
  }
}

function usable({ owner, expired }: TokenCredential | LoginCredential): boolean {
  return !expired && !(owner.kind === 'user' && owner.disabled);
}

function whoIs(
  owner: CredentialOwner,
): Pick<Identity, 'kind' | 'id' | 'name' | 'admin' | 'groups' | 'created'> {
  const { kind, id, name, admin } = owner;
  return owner.kind === 'user'
    ? { kind, id, name, admin, groups: owner.groups, created: owner.created }
    : { kind, id, name, admin, groups: [], created: null };
}
