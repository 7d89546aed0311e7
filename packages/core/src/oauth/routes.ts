import type { HttpServer } from '../http/index.ts';
import { type AuthorizeDeps, authorizeEndpoint } from './authorize.ts';
import { type TokenDeps, tokenEndpoint } from './token.ts';

/** What the OAuth provider is made with. */
export type OAuthDeps = AuthorizeDeps & TokenDeps;

/** The OAuth 2 provider: servers and services learn from it who their visitors are (W69–W79, R163–R166). */
export function oauthRoutes(deps: OAuthDeps): { register(http: Pick<HttpServer, 'api' | 'hub'>): void } {
  const { ask, decide } = authorizeEndpoint(deps);
  const token = tokenEndpoint(deps);
  return {
    register({ api, hub }) {
      // A page, although its address is the API's: cookie only, errors as HTML, no token of a script (W69). It
      // sends strangers to sign in by itself, since they may be led straight to an authenticator.
      hub.route('GET', '/api/oauth2/authorize', {
        identity: 'anyone',
        summary: 'Ask whether an application may act for you',
        handle: ask,
      });
      hub.route('POST', '/api/oauth2/authorize', {
        identity: 'anyone',
        summary: 'Let an application act for you',
        handle: decide,
      });
      // Raw: a form it may read, a cookie with a form it may not (R30).
      api.route('POST', '/oauth2/token', {
        identity: 'anyone',
        summary: 'Redeem an authorisation code',
        tags: ['oauth'],
        answers: { 200: 'OAuthToken', 400: 'OAuthError', 401: 'OAuthError' },
        accepts: { body: tokenBody },
        reads: 'bytes',
        handle: token,
      });
    },
  };
}

/** RFC 6749, sections 2.3.1 and 4.1.3; RFC 7636, section 4.5. */
const tokenBody = {
  type: 'object',
  properties: {
    grant_type: { type: 'string', enum: ['authorization_code'] },
    code: { type: 'string' },
    redirect_uri: { type: 'string' },
    client_id: { type: 'string' },
    client_secret: { type: 'string' },
    code_verifier: { type: 'string' },
  },
  required: ['grant_type'],
} as const;
