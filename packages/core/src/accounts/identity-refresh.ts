import type { Actor, DomainEvents, UnitOfWork } from '../kernel/index.ts';
import {
  type Clock,
  HubError,
  type JsonObject,
  type Logger,
  type Identity as ProvidedIdentity,
  type UserView,
} from '../plugin/index.ts';
import type { AccessRules, AuthenticatorInstance } from './access-rules.ts';
import type { IdentityAge, IdentityRef, IdentityStore, RefreshClaim } from './identity-ports.ts';
import { type IdentityStep, misbehaved, prepareSteps, userInfoStep } from './identity-steps.ts';
import { type KeptStateDeps, keptState } from './kept-state.ts';
import { pluginCall } from './plugin-call.ts';
import type { UserStore } from './ports.ts';
import { RefreshTroubles } from './refresh-troubles.ts';
import { decideSignIn } from './sign-in-decision.ts';
import type { Users } from './users.ts';

/**
 * `current`: nothing is known to have changed. `renewed`: the authenticator was asked, and what the user may do may be
 * something else now. `expired`: it no longer vouches for them, or could not be asked for too long.
 */
export type RefreshOutcome = 'current' | 'renewed' | 'expired';

/** Times are seconds. */
export interface RefreshSettings {
  /** The word of an authenticator holds this long; 0: until it is demanded (P125, P129). */
  readonly refreshAge: number;
  /** How much longer it holds while the authenticator cannot be asked. */
  readonly refreshGrace: number;
}

export interface IdentityRefreshDeps {
  readonly authenticators: readonly AuthenticatorInstance[];
  readonly rules: AccessRules;
  readonly identities: IdentityStore;
  readonly kept: KeptStateDeps;
  /** Groups and roles, as at a sign-in. */
  readonly steps: readonly IdentityStep[];
  readonly store: UserStore;
  readonly users: Users;
  readonly work: UnitOfWork;
  readonly events: DomainEvents;
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: RefreshSettings;
  /** Seconds an authenticator has for an answer. */
  readonly pluginTimeout: number;
}

/** What somebody is told whom an authenticator no longer vouches for (P128). */
export function authExpired(user: string): HubError {
  return new HubError('HUB_FORBIDDEN', `auth has expired for ${user}, login again`);
}

/** How much longer than an answer may take another hub's claim is believed. */
const slackSeconds = 5;
const lookAgainMs = 100;

const actor: Actor = { kind: 'hub', name: 'refresh' };

/**
 * Asks authenticators whether people still are who they were (P125–P129). Never in a transaction, within a time, and
 * once at a time: requests that come meanwhile wait for the same answer, on other hubs too.
 */
export class IdentityRefresh {
  readonly #deps: IdentityRefreshDeps;
  readonly #byId: ReadonlyMap<string, AuthenticatorInstance>;
  readonly #running = new Map<string, Promise<RefreshOutcome>>();
  readonly #troubles: RefreshTroubles;

  constructor(deps: IdentityRefreshDeps) {
    this.#deps = deps;
    this.#byId = new Map(deps.authenticators.map((instance) => [instance.id, instance]));
    this.#troubles = new RefreshTroubles(deps);
  }

  /** Is that word too old? */
  isDue({ authenticator, age }: IdentityAge): boolean {
    const { refreshAge } = this.#deps.settings;
    return refreshAge > 0 && age > refreshAge && this.#canAsk(authenticator);
  }

  /** Asks where it is due (P125). */
  async ifDue(user: UserView, identity: IdentityAge): Promise<RefreshOutcome> {
    if (!this.isDue(identity)) return 'current';
    const known = this.#troubles.outcomeOf(identity);
    if (known === 'expired') return 'expired';
    return known === 'not asked' ? this.#unasked(identity) : this.#once(user, identity, false);
  }

  /** Asks whatever the age (P128): `identity`, or without one the user's that signed in last. */
  async demand(user: UserView, identity: IdentityRef | null): Promise<RefreshOutcome> {
    const { identities } = this.#deps;
    const id = Number(user.id);
    const found = identity ? await identities.age(id, identity) : await identities.latestOf(id);
    if (!found || !this.#canAsk(found.authenticator)) return 'current';
    const known = this.#troubles.outcomeOf(found);
    return known === 'not asked' ? this.#unasked(found) : this.#once(user, found, true);
  }

  #canAsk(authenticator: string): boolean {
    return this.#byId.get(authenticator)?.authenticator.refresh !== undefined;
  }

  /** The provider is away: the last word holds for a while, and no longer. */
  #unasked({ age }: IdentityAge): RefreshOutcome {
    const { refreshAge, refreshGrace } = this.#deps.settings;
    return age <= refreshAge + refreshGrace ? 'current' : 'expired';
  }

  #once(user: UserView, identity: IdentityAge, forced: boolean): Promise<RefreshOutcome> {
    const key = JSON.stringify([identity.authenticator, identity.subject]);
    const running = this.#running.get(key);
    if (running) return running;
    const asking = this.#ask(user, identity, forced).finally(() => this.#running.delete(key));
    this.#running.set(key, asking);
    return asking;
  }

  async #ask(user: UserView, identity: IdentityAge, forced: boolean): Promise<RefreshOutcome> {
    const instance = this.#byId.get(identity.authenticator);
    if (!instance) return 'current';
    const { identities, log } = this.#deps;
    const ref = { authenticator: identity.authenticator, subject: identity.subject };
    const claim = await this.#claim(Number(user.id), ref, identity);
    if (!claim) return 'renewed';
    if (claim === 'too late') return this.#unasked(identity);

    let outcome: RefreshOutcome;
    try {
      outcome = await this.#answer(instance, user, claim, forced);
    } catch (error) {
      await identities.abandonRefresh(claim);
      this.#troubles.failed(identity, user.name, error);
      return this.#unasked(identity);
    }
    this.#troubles.answered(identity, outcome);
    if (outcome === 'expired') {
      await identities.abandonRefresh(claim);
      const { authenticator } = identity;
      log.warn({ user: user.name, authenticator }, 'the authenticator no longer vouches for a user');
    }
    return outcome;
  }

  /**
   * Waits while another hub asks: a refresh token may be good for one use, and nobody gets past a "no". `null`: its
   * answer counts, or they signed in meanwhile.
   */
  async #claim(
    userId: number,
    ref: IdentityRef,
    seen: IdentityAge,
  ): Promise<RefreshClaim | 'too late' | null> {
    const { identities, clock, pluginTimeout } = this.#deps;
    const seconds = pluginTimeout + slackSeconds;
    const end = clock.monotonic() + 1000 * seconds;
    for (;;) {
      const claim = await identities.claimRefresh(userId, ref, seconds, seen);
      if (claim) return claim;
      const now = await identities.age(userId, ref);
      if (now?.refreshedAt !== seen.refreshedAt) return null;
      if (clock.monotonic() > end) return 'too late';
      await clock.sleep(lookAgainMs);
    }
  }

  async #answer(
    instance: AuthenticatorInstance,
    user: UserView,
    claim: RefreshClaim,
    forced: boolean,
  ): Promise<RefreshOutcome> {
    const { identities, kept, rules } = this.#deps;
    const { authenticator, id } = instance;
    const place = { userId: Number(user.id), identity: claim.identity };
    const authState = kept.enabled ? await kept.authStates.opened({ ...place, sealed: claim.sealed }) : null;
    const facts = { subject: claim.identity.subject, forced };
    const answer: unknown = await pluginCall(id, this.#deps)('refresh', () =>
      authenticator.refresh?.(user, authState, facts),
    );
    if (answer === false || answer === null || answer === undefined) return 'expired';
    if (answer === true) {
      if (rules.isBlocked(id, user.name)) return 'expired';
      await identities.refreshed(claim);
      return 'current';
    }
    if (!isPartial(answer)) throw misbehaved(id, `refresh answered with a ${typeof answer}`);
    return this.#takeOver(instance, user, claim, authState, answer);
  }

  /** As at a sign-in (P126): the name stays, and what is absent stays. */
  async #takeOver(
    instance: AuthenticatorInstance,
    user: UserView,
    claim: RefreshClaim,
    authState: JsonObject | null,
    answer: Partial<ProvidedIdentity>,
  ): Promise<RefreshOutcome> {
    const { rules, store, users, identities, kept, steps, work, events } = this.#deps;
    const { identity: ref } = claim;
    const identity = { ...answer, name: user.name, subject: ref.subject };
    // Only a whole identity, one with a name, tells enough to judge whom the authenticator lets in.
    const isWhole = answer.name !== undefined;
    const call = pluginCall(instance.id, this.#deps);
    const decision = await decideSignIn(instance, identity, {
      rules,
      users: store,
      call,
      alreadyAllowed: !isWhole,
    });
    if (!decision.ok || decision.user?.id !== Number(user.id)) return 'expired';

    const listed = rules.isAdmin(instance.id, user.name) ? true : null;
    const admin = isWhole ? decision.admin : (answer.admin ?? listed);
    const writes = await prepareSteps([userInfoStep(store), ...steps], {
      identity,
      ref,
      user: decision.user,
      admin,
    });
    const hasState = kept.enabled && answer.authState !== undefined;
    const sealed = hasState ? await keptState(kept, identity, ref, async () => authState) : undefined;

    const known = { id: Number(user.id), name: user.name };
    await work.run(null, async () => {
      if (!(await identities.refreshed(claim, sealed))) return;
      if (admin !== null) await users.setAdmin(actor, known, admin);
      for (const write of writes) await write(known, actor);
      work.afterCommit(() => {
        const { authenticator, subject } = ref;
        events.emit('authRefreshed', { user: user.name, authenticator, subject, authState: hasState });
      });
    });
    return 'renewed';
  }
}

function isPartial(answer: unknown): answer is Partial<ProvidedIdentity> {
  return typeof answer === 'object' && answer !== null && !Array.isArray(answer);
}
