import { definePreset } from '../define-preset.ts';
import type { SignedIn } from '../provider.ts';

/**
 * Signs people in with Okta.
 *
 * @example
 * plugins: [oktaAuthenticator({
 *   issuer: 'https://example.okta.com/oauth2/default',
 *   clientId: '…',
 *   clientSecretEnv: 'OKTA_CLIENT_SECRET',
 *   allowedGroups: ['jupyter-users'],
 * })]
 */
export const oktaAuthenticator = definePreset({
  name: '@hub/auth-oauth/okta',
  title: 'Okta',
  properties: {
    issuer: {
      type: 'string',
      format: 'uri',
      description:
        'The authorization server: `https://<domain>/oauth2/default` or another of yours, or `https://<domain>` itself.',
    },
    readGroups: {
      type: 'boolean',
      description:
        'Asks for the scope `groups`, and takes the claim `groups`; on when `allowedGroups` or `adminGroups` name any. A server of your own must have both.',
    },
  },
  required: ['issuer'],
  provider({ issuer, readGroups, allowedGroups, adminGroups, groupsClaim, scopes }) {
    const wanted = allowedGroups.length + adminGroups.length > 0 && groupsClaim === undefined;
    const reads = readGroups ?? wanted;
    return {
      addresses: { issuer },
      scopes: ['openid', 'profile', 'email', ...(reads ? ['groups'] : [])],
      clientAuth: 'post',
      userKey: 'okta_user',
      usernameClaim: 'preferred_username',
      // Access tokens end after an hour, and only this scope brings a token to renew them with.
      ...(scopes?.includes('offline_access') ? {} : { refreshable: false as const }),
      ...(reads ? { groups: ({ claims }: SignedIn) => claims.groups ?? [] } : {}),
    };
  },
});
