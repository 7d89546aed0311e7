import { isHubError, type JsonObject, type Identity as ProvidedIdentity } from '../plugin/index.ts';
import type { AuthStates } from './auth-states.ts';
import type { IdentityRef, IdentityStore } from './identity-ports.ts';
import { type IdentityStep, misbehaved } from './identity-steps.ts';
import type { PluginCall } from './plugin-call.ts';

/** The operator's word about what is kept (P133). */
export type ReconcileAuthState = (
  identity: ProvidedIdentity,
  existing: JsonObject | null,
  about: { readonly authenticator: string },
) => JsonObject | null | Promise<JsonObject | null>;

/** Decides what is kept of an identity. */
export interface KeptStateDeps {
  /** Off: nothing is, and what was is forgotten at the next sign-in (P133). */
  readonly enabled: boolean;
  readonly authStates: AuthStates;
  readonly reconcile: ReconcileAuthState | null;
  /** Calls the hook within its time. */
  readonly call: PluginCall;
}

/**
 * The auth_state to be stored of what an authenticator brought, encrypted; `null` for none. `existing` is read only
 * where the operator's hook wants it.
 *
 * @throws HubError `HUB_PLUGIN_FAILED` for a state that cannot be stored, naming the authenticator.
 */
export async function keptState(
  { enabled, authStates, reconcile, call }: KeptStateDeps,
  identity: ProvidedIdentity,
  { authenticator }: IdentityRef,
  existing: () => Promise<JsonObject | null>,
): Promise<string | null> {
  if (!enabled) return null;
  const known = reconcile ? await existing() : null;
  const state = reconcile
    ? await call('hooks.reconcileAuthState', () => reconcile(identity, known, { authenticator }))
    : (identity.authState ?? null);
  if (state === null || state === undefined) return null;
  try {
    return await authStates.seal(state);
  } catch (error) {
    throw isHubError(error) ? misbehaved(authenticator, error.message) : error;
  }
}

/** A sign-in: stores the state, and that the identity was asked about just now. */
export function signedInStep(deps: KeptStateDeps & { readonly identities: IdentityStore }): IdentityStep {
  return async ({ identity, ref, user }) => {
    const existing = async () => (user ? deps.authStates.beforeSignIn(user.id, ref) : null);
    const sealed = await keptState(deps, identity, ref, existing);
    return async ({ id }) => deps.identities.signedIn(id, ref, sealed);
  };
}
