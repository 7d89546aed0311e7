import type { Authenticator, Clock, Logger } from '@hub/core/plugin';
import type { OAuthOptions } from './options.ts';
import type { Provider } from './provider.ts';

/** What an authenticator of this package is made of. */
export interface AuthenticatorParts {
  readonly id: string;
  readonly title: string;
  readonly options: OAuthOptions;
  readonly provider: Provider;
  readonly log: Logger;
  readonly clock: Clock;
  readonly warnings?: readonly string[];
  /** Takes the place of the network, for tests of providers that are elsewhere. */
  readonly fetch?: typeof fetch;
}

/** Makes the authenticator that signs people in at `provider`. */
export function createAuthenticator({ title, options }: AuthenticatorParts): Authenticator {
  return {
    login: { button: { label: options.buttonLabel ?? `Sign in with ${title}`, path: '/oauth_login' } },
    authenticate: async () => null,
  };
}
