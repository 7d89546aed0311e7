import { createHash, timingSafeEqual } from 'node:crypto';
import { Authenticator, definePlugin } from '@hub/core/plugin';

/** Lets people in who are on a list and know the password. */
export const listAuthenticator = definePlugin({
  name: 'hub-auth-list',
  api: 1,
  provides: Authenticator,
  options: {
    type: 'object',
    properties: {
      users: { type: 'array', items: { type: 'string' }, description: 'Names that may sign in.' },
      password: { type: 'string', minLength: 8, secret: true },
    },
    required: ['users', 'password'],
  },
  create: ({ options }): Authenticator => ({
    login: { form: { fields: ['username', 'password'] } },
    async authenticate(_request, { username = '', password = '' }) {
      const known = isSame(password, options.password) && options.users.includes(username);
      return known ? { name: username } : null;
    },
    isAllowed: (name) => options.users.includes(name),
  }),
});

// Equally long digests, so that the time it takes tells nothing about the password.
function isSame(given: string, right: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(right));
}
