import {
  checkScopes,
  type Grants,
  notHeld,
  type ScopeTable,
  usersNeededForRequest,
} from '../access/index.ts';
import type { Actor, DomainEvents, Ids, UnitOfWork } from '../kernel/index.ts';
import { HubError, type JsonValue } from '../plugin/index.ts';
import { type MintedToken, mintToken } from './mint-token.ts';
import type { LongestLives, Purged, TokenStore } from './ports.ts';
import { hubClientId, type TokenRecord, tokenIdOf, tokenName, type UserRecord } from './records.ts';

/** A token somebody asks for. */
export interface TokenRequest {
  /** Any JSON: what is not text is stored as text (R94). */
  readonly note?: JsonValue | undefined;
  /** Seconds; absent or null never ends, unless there is a maximum (R95). */
  readonly expiresIn?: JsonValue | undefined;
  /** Raw scopes, `undefined` or null for those of role `token` (R96). */
  readonly scopes?: readonly string[] | null | undefined;
}

type Owner = Pick<UserRecord, 'id' | 'name'>;

/** What tokens are made with. */
export interface TokensDeps {
  readonly store: TokenStore;
  readonly grants: Grants;
  readonly table: ScopeTable;
  readonly work: UnitOfWork;
  readonly events: DomainEvents;
  readonly ids: Ids;
  /** Raw scopes of role `token`. */
  readonly defaultScopes: readonly string[];
  /** Longest lives of tokens and logins. */
  readonly lives: LongestLives;
}

/** Tokens of users: creating, listing, revoking (R94–R101). */
export class Tokens {
  readonly #deps: TokensDeps;

  constructor(deps: TokensDeps) {
    this.#deps = deps;
  }

  /**
   * Makes a token for `owner`, never with more than the owner holds, whoever asks (R98).
   * @throws HubError 400 for a bad lifetime, an unknown scope or one the owner does not hold.
   */
  async create(
    actor: Actor,
    owner: Owner,
    request: TokenRequest,
  ): Promise<MintedToken & { record: TokenRecord }> {
    const { store, work, events } = this.#deps;
    const expiresIn = this.#lifetime(request.expiresIn);
    const scopes = [...new Set(request.scopes ?? this.#deps.defaultScopes)].sort();
    await this.#requireHeld(owner, scopes);
    const note = noteText(request.note, actor, owner);

    return work.run(null, async () => {
      const minted = await mintToken(this.#deps, {
        ownerKind: 'user',
        ownerId: owner.id,
        clientId: hubClientId,
        sessionId: null,
        note,
        scopes,
        expiresIn,
      });
      const record = await store.get(owner.id, minted.id);
      if (!record) throw new HubError('HUB_CONFLICTING_CHANGE', `Token of ${owner.name} has expired already`);
      const details = { token: tokenName(minted.id), note, scopes, expiresIn };
      await work.note([{ actor, action: 'token.create', target: `user:${owner.name}`, details }]);
      work.afterCommit(() => events.emit('tokenCreated', { owner: owner.name, id: tokenName(minted.id) }));
      return { ...minted, record };
    });
  }

  /** All that have not expired, by last use or else creation, oldest first (R100). */
  async list(owner: Owner): Promise<readonly TokenRecord[]> {
    return this.#deps.store.ofUser(owner.id);
  }

  /** @throws HubError 404 for an id that is not the owner's (R100). */
  async get(owner: Owner, name: string): Promise<TokenRecord> {
    const id = tokenIdOf(name);
    const found = id === null ? null : await this.#deps.store.get(owner.id, id);
    if (!found)
      throw new HubError('HUB_NOT_FOUND', `No such token ${name.slice(0, 64)} for user ${owner.name}`);
    return found;
  }

  /** Revokes a token; one that an application was given takes all of that application with it (R101). */
  async revoke(actor: Actor, owner: Owner, name: string): Promise<void> {
    const { store, work, events } = this.#deps;
    const found = await this.get(owner, name);
    const details = { token: tokenName(found.id), client: found.clientId };
    await work.run({ actor, action: 'token.revoke', target: `user:${owner.name}`, details }, async () => {
      if (found.clientId === hubClientId) await store.remove(found.id);
      else await store.removeOfClient(owner.id, found.clientId);
      work.afterCommit(() => events.emit('tokenRevoked', { owner: owner.name, id: tokenName(found.id) }));
    });
  }

  /** What lives longer than the settings allow is given less: tokens and logins of before they were lowered. */
  async limitLives(): Promise<void> {
    await this.#deps.work.run(null, () => this.#deps.store.limitLives(this.#deps.lives));
  }

  /** Deletes expired tokens, codes, logins and shares; to be called at start and every hour (R174). */
  async purge(): Promise<Purged> {
    await this.limitLives();
    return this.#deps.work.run(null, () => this.#deps.store.purge());
  }

  #lifetime(wish: JsonValue | undefined): number | null {
    const max = this.#deps.lives.tokenSeconds;
    if (wish === undefined || wish === null) return max;
    if (typeof wish !== 'number' || !Number.isInteger(wish)) {
      throw bad(`token expires_in must be null or integer, not ${shown(wish)}`);
    }
    if (wish <= 0) throw bad(`expires_in must be a positive integer or null, not ${wish}`);
    if (max !== null && wish > max) throw bad(`token expires_in: ${wish} must not exceed ${max}`);
    // R95, our fix: what no calendar holds is the caller's mistake.
    if (wish > longestLife) throw bad(`token expires_in: ${wish} must not exceed ${longestLife}`);
    return wish;
  }

  async #requireHeld(owner: Owner, scopes: readonly string[]): Promise<void> {
    const { grants, table } = this.#deps;
    const [problem] = checkScopes(table, scopes, 'token');
    // With its quotes: the original answers with the repr of an error.
    if (problem !== undefined) throw bad(`"${problem}"`);
    const held = await grants.ofUser(String(owner.id));
    if (!held) throw new HubError('HUB_NOT_FOUND', `No such user: '${owner.name}'`);
    const client = { kind: 'hub' } as const;
    const others = usersNeededForRequest(table, scopes, held, client);
    const members = others.size > 0 ? await grants.membershipOf(others) : undefined;
    const missing = notHeld(table, scopes, held, client, members);
    if (missing.length > 0) {
      throw bad(`Not assigning requested scopes ${missing.join(', ')} not held by User ${owner.name}`);
    }
  }
}

const longestLife = 100 * 366 * 24 * 3600;

function noteText(note: JsonValue | undefined, actor: Actor, owner: Owner): string {
  if (note) return typeof note === 'string' ? note : JSON.stringify(note);
  const self = actor.kind === 'user' && actor.name === owner.name;
  return self ? 'Requested via api' : `Requested via api by ${actor.kind} ${actor.name}`;
}

function shown(value: JsonValue): string {
  return (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, 64);
}

function bad(message: string): HubError {
  return new HubError('HUB_BAD_REQUEST', message);
}
