import type { Sealer } from '../kernel/index.ts';
import { HubError, type JsonObject, type JsonValue, type Logger } from '../plugin/index.ts';
import type { IdentityRef, IdentityStore, StoredState } from './identity-ports.ts';
import { notJson } from './plain-json.ts';

/** Characters of JSON an auth_state may have: tokens and claims take some thousands. */
const longestState = 262_144;

/** What authenticators keep of people, encrypted (P130–P134): it stands with the identity it came with. */
export class AuthStates {
  readonly #store: IdentityStore;
  readonly #sealer: Sealer;
  readonly #log: Logger;

  constructor(deps: { store: IdentityStore; sealer: Sealer; log: Logger }) {
    this.#store = deps.store;
    this.#sealer = deps.sealer;
    this.#log = deps.log;
  }

  /** False when no key is configured: nothing can be kept. */
  get available(): boolean {
    return this.#sealer.available;
  }

  /** That of the identity the user signed in with last, or what the API stored for a user without one (R65). */
  async ofUser(userId: number): Promise<JsonObject | null> {
    return this.#read(this.available ? await this.#store.stateOfUser(userId) : null);
  }

  /** The same for one authenticator: none is shown what another keeps. */
  async ofAuthenticator(userId: number, authenticator: string): Promise<JsonObject | null> {
    return this.#read(this.available ? await this.#store.stateOfUser(userId, authenticator) : null);
  }

  /** That of one identity of the user. */
  async of(userId: number, identity: IdentityRef): Promise<JsonObject | null> {
    return this.#read(this.available ? await this.#store.stateOf(userId, identity) : null);
  }

  /** What a sign-in with this identity finds: its own, or with a new identity what the API stored for the user. */
  async beforeSignIn(userId: number, identity: IdentityRef): Promise<JsonObject | null> {
    if (!this.available) return null;
    const own = await this.#store.stateOf(userId, identity);
    if (own) return this.#read(own);
    const ofUser = await this.#store.stateOfUser(userId);
    return ofUser?.identity === null ? this.#read(ofUser) : null;
  }

  /** Opens what was read already. */
  async opened(stored: StoredState): Promise<JsonObject | null> {
    return this.#read(stored);
  }

  /** @throws HubError 400 for what cannot be stored: no JSON, too long, or there is no key. */
  async seal(state: JsonObject): Promise<string> {
    if (!this.available) {
      throw bad('auth_state cannot be stored: this hub has no encryption key');
    }
    const problem = notJson(state, 'auth_state');
    if (problem !== null) throw bad(problem);
    const { length } = JSON.stringify(state);
    if (length > longestState) {
      throw bad(`auth_state is too long: ${length} characters of JSON, at most ${longestState} are kept`);
    }
    return this.#sealer.seal(state);
  }

  /** Writes where {@link ofUser} reads. Joins a surrounding transaction. */
  async setOfUser(userId: number, sealed: string): Promise<void> {
    const place = await this.#store.stateOfUser(userId);
    await this.#store.setState({ userId, identity: place?.identity ?? null }, sealed);
  }

  // Unreadable is the same as none, and a warning (P132).
  async #read(stored: StoredState | null): Promise<JsonObject | null> {
    if (stored === null || stored.sealed === null || !this.available) return null;
    const opened = await this.#sealer.open(stored.sealed);
    const { userId, identity } = stored;
    if (!opened) {
      const authenticator = identity?.authenticator ?? null;
      this.#log.warn({ userId, authenticator }, 'auth_state cannot be opened with the keys there are');
      return null;
    }
    // P132: what an old key sealed is sealed anew when it is read.
    if (opened.stale) {
      await this.#store.replaceState(stored, stored.sealed, await this.#sealer.seal(opened.value));
    }
    return isObject(opened.value) ? opened.value : null;
  }
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function bad(message: string): HubError {
  return new HubError('HUB_BAD_REQUEST', message);
}
