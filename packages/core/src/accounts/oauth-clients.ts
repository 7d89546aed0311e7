import { coveredByEarlierGrants } from '../access/index.ts';
import { equalSecrets, hashSecret, type Ids } from '../kernel/index.ts';
import type { OAuthCode, OAuthStore } from './ports.ts';
import type { OAuthClient } from './records.ts';

/** A client as its owner states it, the secret in clear; `null` can never authenticate. */
export interface OAuthClientWish {
  readonly identifier: string;
  readonly description: string;
  readonly secret: string | null;
  readonly redirectUri: string;
  readonly allowedScopes: readonly string[];
  readonly serviceId?: number | null;
  readonly serverId?: number | null;
}

/** Applications that may ask for tokens (W65). All methods join a surrounding transaction. */
export class OAuthClients {
  readonly #store: OAuthStore;

  constructor(deps: { store: OAuthStore }) {
    this.#store = deps.store;
  }

  /** Makes the client or replaces what it was. */
  async put(wish: OAuthClientWish): Promise<void> {
    await this.#store.putClient(storedClient(wish));
  }

  /** As {@link put}, for the client of a server; false, and nothing is changed, where somebody else has the identifier. */
  async putOfServer(wish: OAuthClientWish & { readonly serverId: number }): Promise<boolean> {
    return this.#store.putServerClient({ ...storedClient(wish), serverId: wish.serverId });
  }

  async get(identifier: string): Promise<OAuthClient | null> {
    return this.#store.client(identifier);
  }

  /** Does the secret belong to the client? In constant time; an empty one never does. */
  hasSecret(client: OAuthClient, secret: string): boolean {
    return client.secretHash !== null && secret !== '' && equalSecrets(client.secretHash, hashSecret(secret));
  }

  /** Removes the client with its tokens and codes (R173). */
  async remove(identifier: string): Promise<boolean> {
    return this.#store.removeClient(identifier);
  }

  /** Has the user already granted the client all of these raw scopes, so that nobody need ask again (R165)? */
  async hasTokensCovering(userId: number, clientId: string, scopes: readonly string[]): Promise<boolean> {
    return coveredByEarlierGrants(scopes, await this.#store.grantedScopes(userId, clientId));
  }
}

function storedClient({ secret, serviceId = null, serverId = null, ...wish }: OAuthClientWish) {
  return {
    ...wish,
    allowedScopes: [...new Set(wish.allowedScopes)].sort(),
    secretHash: secret === null || secret === '' ? null : hashSecret(secret),
    serviceId,
    serverId,
  };
}

/** Seconds in which a code must be redeemed (R166). */
export const codeLifetime = 300;

/** Authorisation codes: kept hashed, good once. */
export class OAuthCodes {
  readonly #store: OAuthStore;
  readonly #ids: Ids;

  constructor(deps: { store: OAuthStore; ids: Ids }) {
    this.#store = deps.store;
    this.#ids = deps.ids;
  }

  /** Stores a new code, or the given one, and answers with it. */
  async issue(code: Omit<OAuthCode, 'expiresAt'>, secret?: string): Promise<string> {
    const issued = secret ?? this.#ids.alphanumeric30();
    await this.#store.addCode(hashSecret(issued), code, codeLifetime);
    return issued;
  }

  /** Takes the code away and answers what it stood for; `null` for an unknown, used or old one. Never twice. */
  async consume(code: string): Promise<OAuthCode | null> {
    return this.#store.takeCode(hashSecret(code));
  }
}
