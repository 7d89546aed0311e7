import type { Authenticator, Clock, Lifecycle, Logger } from '@hub/core/plugin';
import { verdictIn } from './admission.ts';
import { createClient } from './client.ts';
import { clientAuthOf } from './client-secret.ts';
import type { Connection } from './connection.ts';
import { Flows } from './flow-cookie.ts';
import { createHttp } from './http.ts';
import { backChannelRoute, logoutAddress } from './logout.ts';
import type { OAuthOptions } from './options.ts';
import type { Provider } from './provider.ts';
import { createRefresh } from './refresh.ts';
import { beginPath, signInRoutes } from './sign-in-flow.ts';

/** What an authenticator of this package is made of. */
export interface AuthenticatorParts {
  readonly id: string;
  readonly title: string;
  readonly options: OAuthOptions;
  readonly provider: Provider;
  readonly log: Logger;
  readonly clock: Clock;
  readonly lifecycle?: Lifecycle | undefined;
  /** Prefix of the hub's own pages; `/hub/` unless given. */
  readonly hubPrefix?: string;
  readonly warnings?: readonly string[];
  /** Takes the place of the network, for tests of providers that are elsewhere. */
  readonly fetch?: typeof fetch;
}

/**
 * Makes the authenticator that signs people in at `provider`. Nothing is asked of the provider before somebody signs
 * in, so that the hub starts while it is down.
 *
 * @throws HubError for secrets and files that are missing
 */
export function createAuthenticator(parts: AuthenticatorParts): Authenticator {
  const { id, title, options, provider, log, clock } = parts;
  const http = createHttp({ id, options, clock, log, fetch: parts.fetch });
  parts.lifecycle?.onStop(() => http.close());
  const clientAuth = clientAuthOf(id, options, provider);
  const client = createClient({ options, provider, http, clientAuth, clock, log });
  const connection: Connection = { id, title, options, provider, client, http, clock, log };
  const home = `${parts.hubPrefix ?? '/hub/'}home`;
  const flows = new Flows(clock);
  const refresh = createRefresh(connection);
  const isDiscovered = !('authorizeUrl' in provider.addresses) || provider.addresses.jwksUrl !== undefined;

  return {
    login: { button: { label: options.buttonLabel ?? `Sign in with ${title}`, path: beginPath } },
    autoLogin: options.autoLogin,
    // There is no form: people come in by the routes alone.
    authenticate: async () => null,
    routes(router) {
      signInRoutes(router, connection, flows, home);
      if (isDiscovered) backChannelRoute(router, connection);
    },
    ...(provider.normalizeName && {
      normalizeName: (name: string) => provider.normalizeName?.(name) ?? name,
    }),
    isAllowed: (_name, identity) => verdictIn(identity.authState).allowedBy.length > 0,
    isAdmin: (_name, identity) => verdictIn(identity.authState).admin,
    ...(options.refreshUser &&
      provider.refreshable !== false && { refresh: (_user, state, facts) => refresh(state, facts) }),
    ...(options.logoutAtProvider && { onLogout: (_login, facts) => logoutAddress(connection, facts) }),
    checkConfig: () => [...(parts.warnings ?? []), ...remarks(options, provider)],
  };
}

function remarks(
  { allowedGroups, adminGroups, groupsClaim, pkce }: OAuthOptions,
  { groups }: Provider,
): readonly string[] {
  const found: string[] = [];
  if (!pkce)
    found.push('pkce is off: a stolen code can be redeemed by others. Leave it on where the provider can.');
  if (groupsClaim === undefined && !groups && allowedGroups.length + adminGroups.length > 0) {
    found.push('allowedGroups or adminGroups are given, and groupsClaim does not say where the groups are.');
  }
  return found;
}
