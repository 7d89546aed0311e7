import OAuth2Server from '@node-oauth/oauth2-server';
import type { OAuthClient, OAuthCode } from '../accounts/index.ts';
import type { Parameters } from './parameters.ts';
import { absoluteUri } from './redirect-uri.ts';

// The one file that knows @node-oauth/oauth2-server: what it is told, and what its answers mean on our wire.

type Model = OAuth2Server.AuthorizationCodeModel;

/** A code to be made, all questions answered. */
export interface CodeWish {
  readonly client: OAuthClient;
  readonly redirectUri: string;
  readonly scopes: readonly string[];
  readonly codeChallenge: string | null;
  readonly codeChallengeMethod: string | null;
  newCode(): string;
  save(code: string): Promise<void>;
}

/** Makes an authorisation code by the library's rules. Its own redirect is not used: it loses parameters. */
export async function makeCode(wish: CodeWish): Promise<string> {
  const { client, redirectUri, scopes, codeChallenge, codeChallengeMethod } = wish;
  const known = libraryClient(client, redirectUri);
  const model: Model = {
    // The library asks with `null` here: nobody authenticates at this endpoint.
    getClient: async (_id, secret: unknown) => (secret === null ? known : null),
    getAccessToken: async () => null,
    getAuthorizationCode: async () => null,
    revokeAuthorizationCode: async () => false,
    saveToken: async () => null,
    validateScope: async () => [...scopes],
    generateAuthorizationCode: async () => wish.newCode(),
    async saveAuthorizationCode(code, client, user) {
      await wish.save(code.authorizationCode);
      return { ...code, client, user };
    },
  };
  const query = {
    client_id: client.identifier,
    redirect_uri: absoluteUri(redirectUri),
    response_type: 'code',
    ...(codeChallenge !== null && { code_challenge: codeChallenge }),
    ...(codeChallengeMethod !== null && { code_challenge_method: codeChallengeMethod }),
  };
  const request = new OAuth2Server.Request({ headers: {}, method: 'GET', query });
  const settings = {
    authenticateHandler: { handle: () => ({}) },
    allowEmptyState: true,
    enablePlainPKCE: true,
  };
  try {
    const made = await library(model).authorize(request, new OAuth2Server.Response(), settings);
    return made.authorizationCode;
  } catch (error) {
    throw causeOf(error);
  }
}

/** A request to redeem a code. */
export interface Redemption {
  /** Known parameters of the body, and nothing of the query. */
  readonly body: Parameters;
  /** The whole `Authorization` header, when it is HTTP Basic. */
  readonly basic: string | undefined;
  /** The client that this secret belongs to. */
  authenticate(identifier: string, secret: string): Promise<OAuthClient | null>;
  /** Takes the code away and answers what it stood for: for one caller alone. */
  take(code: string): Promise<OAuthCode | null>;
  /** Raw scopes the token shall have, `null` when the user may grant nothing any more. */
  scopesNow(client: OAuthClient, code: OAuthCode): Promise<readonly string[] | null>;
  newToken(): string;
  save(token: string, client: OAuthClient, code: OAuthCode, scopes: readonly string[]): Promise<void>;
}

/** Why there is no token, in the words of W78 and W79. */
export interface Refusal {
  readonly error:
    | 'invalid_client'
    | 'invalid_grant'
    | 'invalid_request'
    | 'invalid_scope'
    | 'unauthorized_client';
  readonly description?: string;
}

/** What became of a redemption. `codeIsSpent: false`: whatever {@link Redemption.take} removed must come back. */
export type Redeemed =
  | { readonly ok: true; readonly token: string; readonly scopes: readonly string[] }
  | { readonly ok: false; readonly refusal: Refusal; readonly codeIsSpent: boolean };

/** Redeems a code by the library's rules. Whatever is not about the request itself is thrown. */
export async function redeemCode(redemption: Redemption): Promise<Redeemed> {
  const body: Record<string, string | undefined> = { ...redemption.body };
  const found: { client?: OAuthClient; code?: OAuthCode; scopes?: readonly string[]; refusal?: Refusal } = {};
  let codeIsSpent = false;
  const model: Model = {
    // With a `code_verifier` the library lets requests without a secret come here: they are refused here.
    async getClient(identifier, secret: unknown) {
      if (typeof secret !== 'string') return null;
      const client = await redemption.authenticate(identifier, secret);
      if (client === null) return null;
      found.client = client;
      return libraryClient(client, client.redirectUri);
    },
    getAccessToken: async () => null,
    async getAuthorizationCode(authorizationCode) {
      const code = await redemption.take(authorizationCode);
      if (code === null || code.clientId !== found.client?.identifier) return null;
      const refusal = refusalOf(code, body);
      if (refusal !== undefined) {
        found.refusal = refusal;
        return null;
      }
      // The library wants every redirect URI repeated, and refuses a verifier that nobody needs.
      body.redirect_uri = absoluteUri(code.redirectUri);
      if (code.codeChallenge === null) delete body.code_verifier;
      found.code = code;
      return libraryCode(authorizationCode, code, found.client);
    },
    async revokeAuthorizationCode() {
      codeIsSpent = true;
      return true;
    },
    async validateScope() {
      const scopes = found.client && found.code ? await redemption.scopesNow(found.client, found.code) : null;
      if (scopes === null) return null;
      found.scopes = scopes;
      return [...scopes];
    },
    generateAccessToken: async () => redemption.newToken(),
    generateRefreshToken: async () => '', // none
    saveAuthorizationCode: async () => null,
    async saveToken({ accessToken }, client, user) {
      const { client: owner, code, scopes } = found;
      if (!owner || !code || !scopes) return null;
      await redemption.save(accessToken, owner, code, scopes);
      return { accessToken, client, user };
    },
  };
  const request = new OAuth2Server.Request({
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': '1', // there is a body
      ...(redemption.basic !== undefined && { authorization: redemption.basic }),
    },
    method: 'POST',
    query: {},
    body,
  });
  try {
    const made = await library(model).token(request, new OAuth2Server.Response());
    return { ok: true, token: made.accessToken, scopes: found.scopes ?? [] };
  } catch (error) {
    if (found.refusal) return { ok: false, refusal: found.refusal, codeIsSpent };
    return { ok: false, refusal: translate(error, found.client !== undefined), codeIsSpent };
  }
}

function library(model: Model): OAuth2Server {
  // Its types do not know `enablePlainPKCE`.
  const settings = { model, allowEmptyState: true, enablePlainPKCE: true };
  return new OAuth2Server(settings);
}

function libraryClient({ identifier }: OAuthClient, redirectUri: string): OAuth2Server.Client {
  return { id: identifier, redirectUris: [absoluteUri(redirectUri)], grants: ['authorization_code'] };
}

function libraryCode(
  authorizationCode: string,
  code: OAuthCode,
  client: OAuthClient,
): OAuth2Server.AuthorizationCode {
  return {
    authorizationCode,
    // The database has decided already, by its own clock.
    expiresAt: new Date(8.64e15),
    redirectUri: absoluteUri(code.redirectUri),
    scope: [...code.scopes],
    client: libraryClient(client, code.redirectUri),
    user: {},
    ...(code.codeChallenge !== null && { codeChallenge: code.codeChallenge }),
    ...(code.codeChallengeMethod !== null && { codeChallengeMethod: code.codeChallengeMethod }),
  };
}

/** Mistakes of a client that has a good code: it keeps the code and may try again (W78, W79). */
function refusalOf(code: OAuthCode, body: Parameters): Refusal | undefined {
  if (code.codeChallenge !== null && body.code_verifier === undefined) {
    return { error: 'invalid_request', description: 'Code verifier required.' };
  }
  if (body.redirect_uri !== undefined && body.redirect_uri !== code.redirectUri) {
    return { error: 'invalid_request', description: 'Mismatching redirect URI.' };
  }
  return undefined;
}

/** W78. Before a client is known every mistake is about the client, after it about the code. */
function translate(error: unknown, clientIsKnown: boolean): Refusal {
  const name = error instanceof Error ? error.name : '';
  if (name === 'invalid_client' || (name === 'invalid_request' && !clientIsKnown))
    return { error: 'invalid_client' };
  if (name === 'invalid_grant' || name === 'invalid_request') return { error: 'invalid_grant' };
  if (name === 'invalid_scope') return { error: 'invalid_scope' };
  throw causeOf(error);
}

/** The library wraps what our own functions throw. */
function causeOf(error: unknown): unknown {
  return error instanceof Error && 'inner' in error ? error.inner : error;
}
