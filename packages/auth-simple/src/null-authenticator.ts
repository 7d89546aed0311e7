import { Authenticator, definePlugin } from '@hub/core/plugin';

/**
 * Lets nobody in by browser (P163): a hub for programs that bring tokens. The login page answers 403.
 *
 * @example
 * plugins: [nullAuthenticator()]
 */
export const nullAuthenticator = definePlugin({
  name: '@hub/auth-simple/null',
  api: 1,
  provides: Authenticator,
  options: { type: 'object', properties: {}, additionalProperties: false },
  create: (): Authenticator => ({
    login: { none: true },
    autoLogin: true,
    authenticate: async () => null,
  }),
});
