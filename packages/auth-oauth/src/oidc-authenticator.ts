import { definePreset } from './define-preset.ts';

/**
 * Signs people in at any OpenID Connect provider, found by its issuer.
 *
 * @example
 * plugins: [oidcAuthenticator({
 *   issuer: 'https://login.example.org',
 *   clientId: 'hub',
 *   clientSecretEnv: 'OIDC_SECRET',
 *   allowedGroups: ['staff'],
 *   groupsClaim: 'groups',
 * })]
 */
export const oidcAuthenticator = definePreset({
  name: '@hub/auth-oauth/oidc',
  title: 'Single sign-on',
  properties: {
    issuer: {
      type: 'string',
      format: 'uri',
      description: 'Address of the provider, exactly as its discovery document gives it under `issuer`.',
    },
  },
  required: ['issuer'],
  provider: ({ issuer }) => ({
    addresses: { issuer },
    scopes: ['openid', 'profile', 'email'],
    userKey: 'oidc_user',
    usernameClaim: 'preferred_username',
  }),
});
