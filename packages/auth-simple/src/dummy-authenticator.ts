import { Authenticator, definePlugin } from '@hub/core/plugin';
import { equalPasswords } from './equal-passwords.ts';

/**
 * Lets in everybody under any name (P161); with `password` those who know it. For trying things out.
 *
 * @example
 * plugins: [dummyAuthenticator()]
 */
export const dummyAuthenticator = definePlugin({
  name: '@hub/auth-simple/dummy',
  api: 1,
  provides: Authenticator,
  options: {
    type: 'object',
    properties: {
      password: {
        type: 'string',
        minLength: 1,
        secret: true,
        description: 'One password for all names. Without it any password is right.',
      },
    },
    additionalProperties: false,
  },
  create: ({ options: { password } }): Authenticator => ({
    login: { form: { fields: ['username', 'password'] } },
    letsEverybodyIn: true,
    async authenticate(_request, { username = '', password: given = '' }) {
      if (username === '') return null;
      return password === undefined || equalPasswords(given, password) ? { name: username } : null;
    },
    checkConfig: () => [
      password === undefined
        ? 'The dummy authenticator lets anybody in as anybody, administrators included. Use it for trying things out only.'
        : 'The dummy authenticator lets whoever knows its password in as anybody, administrators included.',
    ],
  }),
});
