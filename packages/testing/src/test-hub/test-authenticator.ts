import { Authenticator, definePlugin, type PluginInstance } from '@hub/core/plugin';

const plugin = definePlugin({
  name: '@hub/testing/test-authenticator',
  version: '1',
  api: 1,
  provides: Authenticator,
  options: { type: 'object', properties: {}, additionalProperties: false },
  create: (): Authenticator => ({
    login: { form: { fields: ['username', 'password'] } },
    authenticate: async (_request, { username = '', password = '' }) =>
      username !== '' && username === password ? { name: username } : null,
  }),
});

/** Everybody whose password is their name. */
export function testAuthenticator(): PluginInstance<Authenticator> {
  return plugin();
}
