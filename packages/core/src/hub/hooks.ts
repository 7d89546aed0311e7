import type { Awaitable, Identity, JsonObject } from '../plugin/index.ts';

/** Functions of the operator's own that the hub calls; each has the time of `servers.hookTimeout`. */
export interface HubHooks {
  /**
   * What is kept of somebody who signs in or was refreshed, given what the authenticator brought and what is kept so
   * far (P133); `null` keeps nothing. Asked only while auth_state is kept (`signIn.authState`).
   */
  readonly reconcileAuthState?: (
    identity: Identity,
    existing: JsonObject | null,
    about: { readonly authenticator: string },
  ) => Awaitable<JsonObject | null>;
}
