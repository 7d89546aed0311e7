import { model, ref, text } from './common.ts';

export const oauthModels = {
  OAuthToken: model('A token for an authorisation code (R166).', {
    access_token: text,
    expires_in: { type: 'integer', minimum: 1 },
    token_type: { const: 'Bearer' },
    scope: text,
  }),
  OAuthError: {
    description: 'A refusal in the form of RFC 6749 (R21), or of a request that could not be read.',
    anyOf: [
      model('RFC 6749, section 5.2.', { error: text, error_description: text, error_uri: text }, ['error']),
      ref('Error'),
    ],
  },
} as const;
