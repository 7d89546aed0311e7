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
import { type Admission, admission, type PostAuth } from './admission.ts';
import { guarded, type Shown } from './guarded.ts';
import { type IdentityStep, type IdentityWrite, prepareSteps, userInfoStep } from './identity-steps.ts';
import type { Logins, StartedLogin } from './logins.ts';
import { newUser } from './new-user.ts';
import { type PluginCall, pluginCall } from './plugin-call.ts';
import type { UserStore } from './ports.ts';
import type { UserDetails, UserRecord } from './records.ts';
import type { Refusals, Refused } from './refusals.ts';
import { type Admitted, mayBind, type SignInRefusal } from './sign-in-decision.ts';
import type { Throttle, TriedAccount } from './throttle.ts';
import { userView } from './user-view.ts';
import type { Users } from './users.ts';

/** The one text for every refusal of a form: it does not tell which names exist (P105). */
export const refusalText = 'Invalid username or password';

/** The one text for people whom a provider knows and this hub does not let in, whatever the reason. */
export const notAuthorizedText =
  'You are not authorized to use this hub. Sign in with another account, or ask its administrator.';

/** The request somebody signs in with, and the session id their browser will have (W46). */
export interface Visit {
  readonly request: RequestView;
  readonly sessionId: string | null;
}

/** How a sign-in ended. */
export type SignInResult =
  | { readonly ok: true; readonly user: UserDetails; readonly created: boolean; readonly login: StartedLogin }
  | { readonly ok: false; readonly status: 403; readonly message: string; readonly reason: SignInRefusal };

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
  readonly throttle: Throttle;
  readonly refusals: Refusals;
  /** What else an identity brings, such as groups or auth_state; written in the transaction of the login. */
  readonly steps?: readonly IdentityStep[];
  /** The operator's last word (P101). */
  readonly postAuth?: PostAuth | null;
  /** Seconds an authenticator has for each call. */
  readonly pluginTimeout?: number;
}

/** From what a visitor shows to a login: who are they, may they come in, as which user (P101–P119). */
export class SignIn {
  readonly #deps: SignInDeps;

  constructor(deps: SignInDeps) {
    this.#deps = deps;
  }

  /**
   * Signs in with what a form brought; `data.username` is trimmed already (P106).
   * @throws HubError 429 when too many tries failed (W26).
   */
  async withForm(id: string, visit: Visit, data: Readonly<Record<string, string>>): Promise<SignInResult> {
    const began = this.#deps.clock.monotonic();
    const instance = this.#instance(id);
    const outcome = await this.#guarded([instance], visit, { data, began }, async ([tried]) => {
      const identity = await this.#ask(instance, visit, data);
      if (identity) return this.#admit(instance, visit, identity, began);
      return refuse(instance, 'wrong credentials', tried?.name ?? '', visit, began);
    });
    return this.#answer(outcome);
  }

  /** Signs in with an identity that an authenticator's own route found out. */
  async withIdentity(id: string, visit: Visit, identity: ProvidedIdentity): Promise<SignInResult> {
    const began = this.#deps.clock.monotonic();
    const admitted = await this.#admit(this.#instance(id), visit, identity, began);
    return this.#answer(admitted, notAuthorizedText);
  }

  /**
   * Whose password this is, whichever of these authenticators knows it, without signing anybody in or making a user;
   * `null` for a refusal (R93).
   * @throws HubError 429 when too many tries failed (W26).
   */
  async verify(
    ids: readonly string[],
    visit: Visit,
    data: Readonly<Record<string, string>>,
  ): Promise<UserDetails | null> {
    const began = this.#deps.clock.monotonic();
    const instances = ids.map((id) => this.#instance(id));
    const [first] = instances;
    if (!first) return null;
    const verified = await this.#guarded(instances, visit, { data, began }, async ([tried]) => {
      let last: Useless = { instance: first, reason: 'wrong credentials', name: tried?.name ?? '' };
      for (const instance of instances) {
        const found = await this.#known(instance, visit, data);
        if (found && 'user' in found) return { ok: true, id: instance.id, user: found.user } as const;
        if (found) last = found;
      }
      return refuse(last.instance, last.reason, last.name, visit, began);
    });
    if (verified.ok) return verified.user;
    await this.#answer(verified);
    return null;
  }

  /** The user whose password this is, or why it is of no use; `null` when it is nobody's. */
  async #known(
    instance: AuthenticatorInstance,
    visit: Visit,
    data: Readonly<Record<string, string>>,
  ): Promise<{ readonly user: UserDetails } | Useless | null> {
    const identity = await this.#ask(instance, visit, data);
    if (!identity) return null;
    const { store } = this.#deps;
    const { decision } = await this.#decide(instance, visit, identity);
    if (!decision.ok) return { instance, reason: decision.reason, name: decision.name };
    const user = decision.user ? await store.byName(decision.user.name) : null;
    return user && !user.disabled ? { user } : { instance, reason: 'no user yet', name: decision.name };
  }

  async #ask(
    instance: AuthenticatorInstance,
    visit: Visit,
    data: Readonly<Record<string, string>>,
  ): Promise<ProvidedIdentity | null> {
    const { authenticator } = instance;
    return this.#caller(instance)('authenticate', () => authenticator.authenticate(visit.request, data));
  }

  #guarded<R extends { readonly ok: boolean; readonly id?: string }>(
    instances: readonly AuthenticatorInstance[],
    { request: { ip } }: Visit,
    shown: Omit<Shown, 'ip'>,
    attempt: (tried: readonly TriedAccount[]) => Promise<R>,
  ): Promise<R> {
    const { throttle, refusals, rules } = this.#deps;
    const call = (instance: AuthenticatorInstance) => this.#caller(instance);
    return guarded({ throttle, refusals, rules, call }, instances, { ip, ...shown }, attempt);
  }

  #decide(
    instance: AuthenticatorInstance,
    { request }: Visit,
    brought: ProvidedIdentity,
  ): Promise<Admission> {
    const { rules, store: users, postAuth = null } = this.#deps;
    const call = this.#caller(instance);
    const callHook = pluginCall('configuration', this.#deps, 'The configuration');
    return admission(instance, brought, request, { rules, users, call, postAuth, callHook });
  }

  async #admit(
    instance: AuthenticatorInstance,
    visit: Visit,
    brought: ProvidedIdentity,
    began: number,
  ): Promise<Outcome> {
    const { store, work, events, clock } = this.#deps;
    const { decision, identity } = await this.#decide(instance, visit, brought);
    if (!decision.ok) return refuse(instance, decision.reason, decision.name, visit, began);

    const ref = { authenticator: instance.id, subject: decision.subject };
    const told = { identity, ref, user: decision.user, admin: decision.admin };
    const writes = await prepareSteps([userInfoStep(store), ...(this.#deps.steps ?? [])], told);

    const actor: Actor = { kind: 'user', name: decision.name, ip: visit.request.ip };
    const { user, created } = decision.user
      ? { user: decision.user, created: false }
      : await newUser(instance, decision, actor, { store, work, events, call: this.#caller(instance) });
    if (!user) return refuse(instance, 'name belongs to another identity', decision.name, visit, began);

    const login = await this.#begin(
      instance,
      visit,
      identity,
      { ...decision, user, bound: decision.bound || created, writes },
      actor,
    );
    if (!login) return refuse(instance, 'name belongs to another identity', decision.name, visit, began);

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

  async #begin(
    instance: AuthenticatorInstance,
    visit: Visit,
    identity: ProvidedIdentity,
    admitted: Admitted & { readonly user: UserRecord; readonly writes: readonly IdentityWrite[] },
    actor: Actor,
  ): Promise<StartedLogin | null> {
    const { store, users, logins, rules, work } = this.#deps;
    const { user, subject, mapped, admin } = admitted;
    return work.run(null, async () => {
      if (!admitted.bound) {
        const bound = await store.byIdentity(instance.id, subject);
        const wish = { id: instance.id, subject, name: user.name, mapped, rules, users: store };
        if (bound ? bound.id !== user.id : !(await mayBind(user, wish))) return null;
        if ((await store.bind(user.id, instance.id, subject)) !== user.id) return null;
      }
      if (admin !== null) await users.setAdmin(actor, user, admin);
      await store.assertDefaultRoles(user.id);
      for (const write of admitted.writes) await write(user, actor);
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

  /** The try has ended, and a refusal waits for its time without being counted as one under way. */
  async #answer<R extends { readonly ok: true }>(
    outcome: R | Refusal,
    message = refusalText,
  ): Promise<R | RefusedResult> {
    if (outcome.ok) return outcome;
    const { refused } = outcome;
    await this.#deps.refusals.refused(refused);
    return { ok: false, status: 403, message, reason: refused.reason };
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

type RefusedResult = Extract<SignInResult, { ok: false }>;

/** A refusal before it is told to anybody. */
interface Refusal {
  readonly ok: false;
  readonly refused: Refused;
}

type Outcome = Extract<SignInResult, { ok: true }> | Refusal;

interface Useless {
  readonly instance: AuthenticatorInstance;
  readonly reason: SignInRefusal;
  readonly name: string;
}

function refuse(
  { id: authenticator }: AuthenticatorInstance,
  reason: SignInRefusal,
  name: string,
  { request: { ip } }: Visit,
  began: number,
): Refusal {
  return { ok: false, refused: { authenticator, reason, name, ip, began } };
}
