import type { OAuthClient } from '../accounts/index.ts';
import { HubError } from '../plugin/index.ts';
import { queryParameters } from './parameters.ts';
import { withParameters } from './redirect-uri.ts';

/** An application's wish for a code, checked as far as it can be without knowing who is asked. */
export interface AuthorizationRequest {
  readonly client: OAuthClient;
  /** The registered one, as it is registered: a path for servers. */
  readonly redirectUri: string;
  readonly state: string | undefined;
  /** Names asked for; `null` asks for all the client may have. */
  readonly scope: readonly string[] | null;
  readonly codeChallenge: string | null;
  readonly codeChallengeMethod: string | null;
  /** Where the browser goes with this answer; `state` goes along. */
  answer(parameters: Readonly<Record<string, string>>): string;
}

/** The request, or the address at which the application is told what is wrong with it. */
export type ReadRequest =
  | { readonly ok: true; readonly request: AuthorizationRequest }
  | { readonly ok: false; readonly location: string };

const names = [
  'client_id',
  'response_type',
  'redirect_uri',
  'scope',
  'state',
  'code_challenge',
  'code_challenge_method',
] as const;

/**
 * Reads the address of an authorize request (W70, W71). Only its query counts: a form cannot change what is asked.
 *
 * @throws HubError 400 where nobody knows yet whether the redirect URI can be trusted: shown on the hub.
 */
export async function readAuthorizationRequest(
  url: string,
  findClient: (identifier: string) => Promise<OAuthClient | null>,
  { requirePkce }: { readonly requirePkce: boolean },
): Promise<ReadRequest> {
  const sent = queryParameters(url, names);
  const client = await clientOf(sent.client_id, findClient);
  const redirectUri = redirectOf(client, sent.redirect_uri);
  const { state, scope, code_challenge: challenge, response_type: type } = sent;
  const answer = (parameters: Readonly<Record<string, string>>) =>
    withParameters(redirectUri, { ...parameters, state });
  const wrong = (error: string, description = '') =>
    ({ ok: false, location: answer({ error, error_description: description }) }) as const;

  if (type === undefined) return wrong('invalid_request', 'Missing response_type parameter.');
  if (type !== 'code') return wrong('unsupported_response_type');
  if (requirePkce && !challenge) return wrong('invalid_request', 'Code challenge required.');
  const method = sent.code_challenge_method ?? 'plain';
  if (challenge !== undefined && method !== 'plain' && method !== 'S256') {
    return wrong('invalid_request', 'Transform algorithm not supported.');
  }
  return {
    ok: true,
    request: {
      client,
      redirectUri,
      state,
      // W72: split at each single blank, so a doubled one asks for a scope without a name, which is refused.
      scope: scope === undefined ? null : scope.trim().split(' '),
      codeChallenge: challenge ?? null,
      codeChallengeMethod: challenge === undefined ? null : method,
      answer,
    },
  };
}

/** A client without secret can never redeem a code, so it gets none: the hub's own is one (W68). */
async function clientOf(
  identifier: string | undefined,
  findClient: (identifier: string) => Promise<OAuthClient | null>,
): Promise<OAuthClient> {
  if (!identifier) throw new HubError('HUB_BAD_REQUEST', 'Missing client_id parameter.');
  const client = await findClient(identifier);
  if (!client?.secretHash) throw new HubError('HUB_BAD_REQUEST', 'Invalid client_id parameter value.');
  return client;
}

/** The registered URI, which a request may repeat letter by letter (W70). */
function redirectOf(client: OAuthClient, sent: string | undefined): string {
  if (client.redirectUri === '') throw new HubError('HUB_BAD_REQUEST', 'Missing redirect URI.');
  if (sent === undefined || sent === client.redirectUri) return client.redirectUri;
  const isUri = sent.startsWith('/') || URL.canParse(sent);
  throw new HubError('HUB_BAD_REQUEST', isUri ? 'Mismatching redirect URI.' : 'Invalid redirect URI.');
}
