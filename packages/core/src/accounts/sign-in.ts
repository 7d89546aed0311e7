import type { Actor, DomainEvents, UnitOfWork } from '../kernel/index.ts';
import {
  type Clock,
  HubError,
  type Logger,
  type LoginView,
  type Identity as ProvidedIdentity,
  type RequestView,
} from '../plugin/index.ts';
import type { AccessRules, AuthenticatorInstance } from './access-rules.ts';
import type { Logins, StartedLogin } from './logins.ts';
import { type PluginCall, pluginCall } from './plugin-call.ts';
import type { UserStore } from './ports.ts';
import type { UserDetails, UserRecord } from './records.ts';
import { type Admitted, decideSignIn, mayBind, type SignInRefusal } from './sign-in-decision.ts';
import { userView } from './user-view.ts';
import type { Users } from './users.ts';

/** The one text for every refusal: it does not tell which names exist (P105). */
export const refusalText = 'Invalid username or password';

/** The request somebody signs in with, and the session id their browser will have (W46). */
export interface Visit {
  readonly request: RequestView;
  readonly sessionId: string | null;
}

/** How a sign-in ended. */
export type SignInResult =
  | { readonly ok: true; readonly user: UserDetails; readonly created: boolean; readonly login: StartedLogin }
  | { readonly ok: false; readonly status: 403; readonly message: string; readonly reason: SignInRefusal };

/** Writes what else an identity brings, such as groups or auth_state; inside the transaction of the login. */
export type IdentityStep = (
  user: UserRecord,
  identity: ProvidedIdentity,
  authenticator: string,
) => Promise<void>;

export interface SignInDeps {
  readonly authenticators: readonly AuthenticatorInstance[];
  readonly rules: AccessRules;
  readonly store: UserStore;
  readonly users: Users;
  readonly logins: Logins;
  readonly work: UnitOfWork;
  readonly events: DomainEvents;
  readonly clock: Clock;
  readonly log: Logger;
  readonly steps?: readonly IdentityStep[];
  /** Seconds an authenticator has for each call. */
  readonly pluginTimeout?: number;
}

/** From what a visitor shows to a login: who are they, may they come in, as which user (P101–P119). */
export class SignIn {
  readonly #deps: SignInDeps;

  constructor(deps: SignInDeps) {
    this.#deps = deps;
  }

  /** Signs in with what a form brought; `data.username` is trimmed already (P106). */
  async withForm(id: string, visit: Visit, data: Readonly<Record<string, string>>): Promise<SignInResult> {
    const began = this.#deps.clock.monotonic();
    const instance = this.#instance(id);
    const { authenticator } = instance;
    const identity = await this.#caller(instance)('authenticate', () =>
      authenticator.authenticate(visit.request, data),
    );
    if (!identity) return this.#refuse(instance, 'wrong credentials', data.username ?? '', visit, began);
    return this.#admit(instance, visit, identity, began);
  }

  /** Signs in with an identity that an authenticator's own route found out. */
  async withIdentity(id: string, visit: Visit, identity: ProvidedIdentity): Promise<SignInResult> {
    return this.#admit(this.#instance(id), visit, identity, this.#deps.clock.monotonic());
  }

  /** Whose password this is, without signing anybody in or making a user; `null` for a refusal (R93). */
  async verify(
    id: string,
    visit: Visit,
    data: Readonly<Record<string, string>>,
  ): Promise<UserDetails | null> {
    const began = this.#deps.clock.monotonic();
    const instance = this.#instance(id);
    const identity = await this.#caller(instance)('authenticate', () =>
      instance.authenticator.authenticate(visit.request, data),
    );
    const { rules, store } = this.#deps;
    const decision = identity
      ? await decideSignIn(instance, identity, { rules, users: store, call: this.#caller(instance) })
      : null;
    const found = decision?.ok && decision.user ? await store.byName(decision.user.name) : null;
    if (found && !found.disabled) return found;
    this.#refuse(instance, 'wrong credentials', data.username ?? '', visit, began);
    return null;
  }

  async #admit(
    instance: AuthenticatorInstance,
    visit: Visit,
    identity: ProvidedIdentity,
    began: number,
  ): Promise<SignInResult> {
    if (typeof identity.name !== 'string') {
      throw new HubError('HUB_PLUGIN_FAILED', `Authenticator ${instance.id} answered without a user name.`);
    }
    const { rules, store, events, clock } = this.#deps;
    const call = this.#caller(instance);
    const decision = await decideSignIn(instance, identity, { rules, users: store, call });
    if (!decision.ok) return this.#refuse(instance, decision.reason, decision.name, visit, began);

    const actor: Actor = { kind: 'user', name: decision.name, ip: visit.request.ip };
    const { user, created } = decision.user
      ? { user: decision.user, created: false }
      : await this.#create(instance, decision, actor);
    if (!user) return this.#refuse(instance, 'name belongs to another identity', decision.name, visit, began);

    const login = await this.#begin(
      instance,
      visit,
      identity,
      { ...decision, user, bound: decision.bound || created },
      actor,
    );
    if (!login)
      return this.#refuse(instance, 'name belongs to another identity', decision.name, visit, began);

    const details = await store.byName(user.name);
    if (!details)
      throw new HubError('HUB_CONFLICTING_CHANGE', `User ${user.name} was removed while signing in.`);
    const seconds = (clock.monotonic() - began) / 1000;
    events.emit('signedIn', { user: user.name, authenticator: instance.id, seconds });
    const { subject } = decision;
    await this.#tellPlugin(instance, details, {
      id: String(login.id),
      user: userView(details, details.groups),
      authenticator: instance.id,
      subject,
      providerSession: identity.providerSession ?? null,
    });
    return { ok: true, user: details, created, login };
  }

  /** Makes the user with its identity; a hook that fails undoes all of it (P115, ours). */
  async #create(
    instance: AuthenticatorInstance,
    { name, subject, admin }: Admitted,
    actor: Actor,
  ): Promise<{ user: UserRecord | null; created: boolean }> {
    const { store, work, events } = this.#deps;
    const details = { admin: admin === true, authenticator: instance.id };
    const made = await work
      .run({ actor, action: 'user.create', target: `user:${name}`, details }, async () => {
        const [added] = await store.add([name], admin === true);
        if (!added || (await store.bind(added.id, instance.id, subject)) !== added.id) throw new LostRace();
        return added;
      })
      .catch((error: unknown) => {
        if (error instanceof LostRace) return null;
        throw error;
      });
    // Somebody was first: perhaps the same person in another tab.
    if (!made) return { user: (await store.byIdentity(instance.id, subject)) ?? null, created: false };

    try {
      await this.#caller(instance)('onUserAdded', () =>
        instance.authenticator.onUserAdded?.(userView(made, [])),
      );
    } catch (error) {
      const undo = {
        actor,
        action: 'user.delete',
        target: `user:${name}`,
        details: { because: 'onUserAdded failed' },
      };
      await work.run(undo, async () => void (await store.remove(made.id)));
      throw error;
    }
    events.emit('userCreated', { user: name });
    return { user: made, created: true };
  }

  async #begin(
    instance: AuthenticatorInstance,
    visit: Visit,
    identity: ProvidedIdentity,
    admitted: Admitted & { readonly user: UserRecord },
    actor: Actor,
  ): Promise<StartedLogin | null> {
    const { store, users, logins, rules, work, steps = [] } = this.#deps;
    const { user, subject, mapped, admin } = admitted;
    return work.run(null, async () => {
      if (!admitted.bound) {
        const bound = await store.byIdentity(instance.id, subject);
        const wish = { id: instance.id, subject, name: user.name, mapped, rules, users: store };
        if (bound ? bound.id !== user.id : !(await mayBind(user, wish))) return null;
        if ((await store.bind(user.id, instance.id, subject)) !== user.id) return null;
      }
      if (admin !== null) await users.setAdmin(actor, user, admin);
      if (identity.userInfo) await store.setUserInfo(user.id, identity.userInfo);
      await store.assertDefaultRoles(user.id);
      for (const step of steps) await step(user, identity, instance.id);
      return logins.start(actor, user, {
        authenticator: instance.id,
        subject,
        providerSession: identity.providerSession ?? null,
        sessionId: visit.sessionId,
        userAgent: visit.request.headers['user-agent'] ?? '',
        ip: visit.request.ip,
      });
    });
  }

  async #tellPlugin(instance: AuthenticatorInstance, { name }: UserRecord, login: LoginView): Promise<void> {
    await this.#caller(instance)('onLogin', () => instance.authenticator.onLogin?.(login)).catch(
      (error: unknown) => {
        this.#deps.log.warn({ err: error, authenticator: instance.id, user: name }, 'onLogin failed');
      },
    );
  }

  #refuse(
    { id }: AuthenticatorInstance,
    reason: SignInRefusal,
    name: string,
    { request }: Visit,
    began: number,
  ): SignInResult {
    const { log, events, clock } = this.#deps;
    log.info({ authenticator: id, user: name.slice(0, 64), reason, ip: request.ip }, 'sign-in refused');
    events.emit('signInRefused', { reason, seconds: (clock.monotonic() - began) / 1000 });
    return { ok: false, status: 403, message: refusalText, reason };
  }

  #instance(id: string): AuthenticatorInstance {
    const found = this.#deps.authenticators.find((instance) => instance.id === id);
    if (!found) throw new HubError('HUB_NOT_FOUND', `There is no authenticator ${id}.`);
    return found;
  }

  #caller(instance: AuthenticatorInstance): PluginCall {
    return pluginCall(instance.id, this.#deps);
  }
}

/** Another request made the same user or bound the same identity; ends the transaction without a trace. */
class LostRace extends Error {}
