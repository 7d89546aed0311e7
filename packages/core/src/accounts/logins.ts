import { type Actor, type DomainEvents, hashSecret, type Ids, type UnitOfWork } from '../kernel/index.ts';
import type { Clock } from '../plugin/index.ts';
import type { LoginStore, LongestLives, ProviderLogins, TokenStore } from './ports.ts';
import type { LoginRecord, UserRecord } from './records.ts';

/** A login as the browser gets it. */
export interface StartedLogin {
  readonly id: number;
  /** 256 random bits for the signed cookie; only their hash is stored (W44). */
  readonly secret: string;
}

/** From where and how somebody signed in. */
export interface LoginOrigin {
  readonly authenticator: string;
  readonly subject: string;
  readonly providerSession: string | null;
  readonly sessionId: string | null;
  readonly userAgent: string;
  readonly ip: string;
}

/** What logins are made with. */
export interface LoginsDeps {
  readonly store: LoginStore;
  readonly tokens: TokenStore;
  readonly work: UnitOfWork;
  readonly events: DomainEvents;
  readonly clock: Clock;
  readonly ids: Ids;
  /** How long a login lasts, used or not. */
  readonly lives: Pick<LongestLives, 'loginSeconds' | 'idleSeconds'>;
}

/** Browsers that are signed in. Ending a login takes the tokens bound to its session with it (R167). */
export class Logins {
  readonly #deps: LoginsDeps;

  constructor(deps: LoginsDeps) {
    this.#deps = deps;
  }

  /** Begins a login. Joins a surrounding transaction. */
  async start(
    actor: Actor,
    user: Pick<UserRecord, 'id' | 'name'>,
    origin: LoginOrigin,
  ): Promise<StartedLogin> {
    const { store, work, ids, lives } = this.#deps;
    const secret = ids.base64url43();
    const details = { authenticator: origin.authenticator };
    return work.run({ actor, action: 'login.start', target: `user:${user.name}`, details }, async () => {
      const id = await store.add({
        userId: user.id,
        hash: hashSecret(secret),
        authenticator: origin.authenticator,
        subject: origin.subject,
        providerSession: origin.providerSession,
        sessionId: origin.sessionId,
        userAgent: origin.userAgent.slice(0, 512),
        ip: origin.ip,
        expiresIn: Math.min(lives.loginSeconds, lives.idleSeconds ?? Number.POSITIVE_INFINITY),
      });
      return { id, secret };
    });
  }

  /** Logins of a user that have not expired, newest first. */
  async list(user: Pick<UserRecord, 'id'>): Promise<readonly LoginRecord[]> {
    return this.#deps.store.ofUser(user.id);
  }

  /**
   * Ends one login of the user. `sessionId` is the browser's own, if it brought one: tokens made for it go too.
   * `null` when it had ended already.
   */
  async end(
    actor: Actor,
    user: Pick<UserRecord, 'id' | 'name'>,
    loginId: number,
    sessionId: string | null = null,
  ): Promise<LoginRecord | null> {
    const { store, tokens, work } = this.#deps;
    return this.#timed(user.name, async () => {
      const ended = await store.remove(user.id, loginId);
      if (!ended) return null;
      const sessions = [ended.sessionId, sessionId].filter((id) => id !== null);
      const revoked = await tokens.removeOfSessions(user.id, sessions, [ended.id]);
      const entry = { actor, action: 'login.end', target: `user:${user.name}`, details: { tokens: revoked } };
      return work.run(entry, async () => ended);
    });
  }

  /**
   * Ends every login of the user with the tokens and codes that came of them; answers how many logins. With
   * `tokens` all other tokens go too, except those that running servers live with. Joins a surrounding transaction.
   */
  async endAll(
    actor: Actor,
    user: Pick<UserRecord, 'id' | 'name'>,
    { tokens: tokensToo = false }: { readonly tokens?: boolean } = {},
  ): Promise<number> {
    const { store, tokens, work } = this.#deps;
    return this.#timed(user.name, async () => {
      const logins = await store.removeAll(user.id);
      const revoked = await (tokensToo ? tokens.removeAll(user.id) : tokens.removeOfAllSessions(user.id));
      const entry = {
        actor,
        action: 'login.end-all',
        target: `user:${user.name}`,
        details: { logins, tokens: revoked },
      };
      return work.run(entry, async () => logins);
    });
  }

  /**
   * Ends what one authenticator began: for a subject, for a session of its provider, or only where both fit; none
   * with neither. Answers how many logins; tokens bound to them go too.
   */
  async endOfProvider(actor: Actor, which: ProviderLogins): Promise<number> {
    const { store, tokens, work, events, clock } = this.#deps;
    const began = clock.monotonic();
    return work.run(null, async () => {
      const ended = await store.removeOfProvider(which);
      for (const [user, logins] of Map.groupBy(ended, (login) => login.user)) {
        const sessions = logins.flatMap(({ sessionId }) => sessionId ?? []);
        const ids = logins.map(({ id }) => id);
        const revoked = await tokens.removeOfSessions(logins[0]?.userId ?? 0, sessions, ids);
        const details = { logins: logins.length, tokens: revoked, authenticator: which.authenticator };
        await work.run(
          { actor, action: 'login.end', target: `user:${user}`, details },
          async () => undefined,
        );
        work.afterCommit(() => {
          events.emit('signedOut', { user, seconds: (clock.monotonic() - began) / 1000 });
        });
      }
      return ended.length;
    });
  }

  async #timed<T>(user: string, end: () => Promise<T>): Promise<T> {
    const { work, events, clock } = this.#deps;
    const began = clock.monotonic();
    return work.run(null, async () => {
      const result = await end();
      if (result) {
        work.afterCommit(() => {
          events.emit('signedOut', { user, seconds: (clock.monotonic() - began) / 1000 });
        });
      }
      return result;
    });
  }
}
