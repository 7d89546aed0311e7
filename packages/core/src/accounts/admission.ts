import { type Awaitable, HubError, type Identity, type RequestView } from '../plugin/index.ts';
import type { AccessRules, AuthenticatorInstance } from './access-rules.ts';
import type { PluginCall } from './plugin-call.ts';
import type { UserStore } from './ports.ts';
import { decideSignIn, type SignInDecision } from './sign-in-decision.ts';

/** The operator's last word about who may come in, and as whom; `null` refuses. */
export type PostAuth = (
  identity: Identity,
  about: { readonly authenticator: string; readonly request: RequestView },
) => Awaitable<Identity | null>;

/** What an admission is decided with. */
export interface AdmissionDeps {
  readonly rules: AccessRules;
  readonly users: UserStore;
  /** Calls the authenticator. */
  readonly call: PluginCall;
  readonly postAuth: PostAuth | null;
  /** Calls the hook within its time. */
  readonly callHook: PluginCall;
}

/** The decision, and the identity with all that the operator's hook changed. */
export interface Admission {
  readonly decision: SignInDecision;
  readonly identity: Identity;
}

/**
 * May this identity come in? First the rules, then, for whoever they let pass, the operator's hook (P101). It sees
 * the name and the admin flag as they were decided. Another name from it is looked at again, apart from the list of
 * who is allowed: it must be valid and not blocked, and stays with whom it belongs to.
 */
export async function admission(
  instance: AuthenticatorInstance,
  brought: Identity,
  request: RequestView,
  deps: AdmissionDeps,
): Promise<Admission> {
  const { postAuth, callHook } = deps;
  checkName(brought, `Authenticator ${instance.id}`);
  const decision = await decideSignIn(instance, brought, deps);
  if (!decision.ok || !postAuth) return { decision, identity: brought };

  const { name, subject, admin } = decision;
  const passed: Identity = { ...brought, name, subject, admin };
  const identity = await callHook('hooks.postAuth', () =>
    postAuth(passed, { authenticator: instance.id, request }),
  );
  if (!identity) return { decision: { ok: false, reason: 'refused by postAuth', name }, identity: passed };

  checkName(identity, 'hooks.postAuth');
  const sameSubject = { ...identity, subject };
  if (identity.name === name) {
    return { decision: { ...decision, admin: identity.admin ?? null }, identity: sameSubject };
  }
  const again = await decideSignIn(instance, sameSubject, { ...deps, alreadyAllowed: true });
  return { decision: again, identity: sameSubject };
}

function checkName(identity: Identity, who: string): void {
  if (typeof identity.name === 'string') return;
  throw new HubError('HUB_PLUGIN_FAILED', `${who} answered without a user name.`);
}
