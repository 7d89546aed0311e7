import { definePreset } from '../define-preset.ts';

/**
 * Signs people in with Auth0. Groups are a claim that an Action adds, whose name is an address.
 *
 * @example
 * plugins: [auth0Authenticator({
 *   domain: 'example.eu.auth0.com',
 *   clientId: '…',
 *   clientSecretEnv: 'AUTH0_CLIENT_SECRET',
 *   groupsClaim: 'https://hub.example.edu/groups',
 *   allowedGroups: ['staff'],
 * })]
 */
export const auth0Authenticator = definePreset({
  name: '@hub/auth-oauth/auth0',
  title: 'Auth0',
  properties: {
    domain: {
      type: 'string',
      pattern: '^[a-zA-Z0-9.-]+(:[0-9]+)?$',
      description: 'The domain of the tenant, such as `example.eu.auth0.com`, or your own in front of it.',
    },
    allowUnverifiedEmail: {
      type: 'boolean',
      default: false,
      description:
        'Lets in people whose e-mail address nobody verified. Only with a `usernameClaim` that nobody can choose.',
    },
  },
  required: ['domain'],
  provider: ({ domain, allowUnverifiedEmail }) => ({
    // The issuer ends with a slash, and the two must be equal.
    addresses: { issuer: `https://${domain}/` },
    scopes: ['openid', 'profile', 'email'],
    clientAuth: 'post',
    userKey: 'auth0_user',
    usernameClaim: 'email',
    restrict: ({ claims }) =>
      allowUnverifiedEmail || claims.email_verified === true
        ? null
        : 'Your e-mail address is not verified. Follow the link that was sent to it, then sign in again.',
    logoutUrl({ clientId, returnUrl }) {
      const url = new URL(`https://${domain}/v2/logout`);
      url.searchParams.set('client_id', clientId);
      url.searchParams.set('returnTo', returnUrl);
      return url.href;
    },
  }),
  warnings: ({ allowUnverifiedEmail, usernameClaim = 'email' }) =>
    allowUnverifiedEmail && usernameClaim === 'email'
      ? [
          'allowUnverifiedEmail with the e-mail address as the user name: anybody may claim the name of another.',
        ]
      : [],
});
