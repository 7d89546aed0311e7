import type { Awaitable, Identity, JsonObject, RequestView } from '../plugin/index.ts';

/** Functions of the operator's own that the hub calls; each has the time of `servers.hookTimeout`. */
export interface HubHooks {
  /**
   * Asked about everybody who signs in, last of all and only about those whom the rules let in (P101). Sees the name
   * and the admin flag as they were decided; answers with the identity, changed or as it was, or with `null` to
   * refuse. A HubError below 500 is shown to the visitor. The subject stays what the authenticator said, and another
   * name is refused where it is not valid, blocked, or somebody else's.
   *
   * @example
   * hooks: { postAuth: (identity, { authenticator }) => (authenticator === 'github' ? { ...identity, admin: false } : identity) }
   */
  readonly postAuth?: (
    identity: Identity,
    about: { readonly authenticator: string; readonly request: RequestView },
  ) => Awaitable<Identity | null>;
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

const known = { postAuth: true, reconcileAuthState: true } as const satisfies Record<keyof HubHooks, true>;

/** What is wrong with the hooks of a configuration, as far as can be seen without calling them. */
export function hookProblems(hooks: object): readonly string[] {
  return Object.entries(hooks).flatMap(([name, hook]) => {
    if (!Object.hasOwn(known, name))
      return [`hooks: there is no hook "${name}"; those there are: ${Object.keys(known).join(', ')}.`];
    return typeof hook === 'function' || hook === undefined ? [] : [`hooks.${name} must be a function.`];
  });
}
