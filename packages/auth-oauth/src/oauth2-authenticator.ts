import { definePreset } from './define-preset.ts';
import { commonProperties } from './options.ts';

/**
 * Signs people in at a provider that speaks OAuth 2 without OpenID Connect: with its addresses, and a document about
 * the user that is read with the access token.
 *
 * @example
 * plugins: [oauth2Authenticator({
 *   authorizeUrl: 'https://forge.example.org/oauth/authorize',
 *   tokenUrl: 'https://forge.example.org/oauth/token',
 *   userinfoUrl: 'https://forge.example.org/api/user',
 *   clientId: 'hub',
 *   clientSecretFile: '/etc/hub/forge-secret',
 *   subjectClaim: 'id',
 *   usernameClaim: 'login',
 *   allowAll: true,
 * }, { id: 'forge' })]
 */
export const oauth2Authenticator = definePreset({
  name: '@hub/auth-oauth/oauth2',
  title: 'Single sign-on',
  properties: {
    authorizeUrl: {
      type: 'string',
      format: 'uri',
      description: 'Where the browser is sent to sign in.',
    },
    tokenUrl: { type: 'string', format: 'uri', description: 'Where the hub trades a code for a token.' },
    userinfoUrl: { type: 'string', format: 'uri', description: 'Tells as JSON whom a token belongs to.' },
    issuer: {
      type: 'string',
      minLength: 1,
      description: 'What the provider calls itself in `iss`, where it sends that.',
    },
    subjectClaim: {
      type: 'string',
      minLength: 1,
      default: 'id',
      description: 'Field of the user document that never changes and is never given to somebody else.',
    },
    usernameClaim: { ...commonProperties.usernameClaim, default: 'login' },
  },
  required: ['authorizeUrl', 'tokenUrl', 'userinfoUrl'],
  provider: ({ authorizeUrl, tokenUrl, userinfoUrl, issuer, subjectClaim, usernameClaim }) => ({
    addresses: { authorizeUrl, tokenUrl, userinfoUrl, issuer },
    scopes: [],
    userKey: 'oauth_user',
    subjectClaim,
    usernameClaim,
  }),
});
