import type { Clock, HubError, JsonObject, Logger } from '@hub/core/plugin';
import { jwtVerify } from 'jose';
import type { TokenEndpointResponse, TokenEndpointResponseHelpers } from 'openid-client';
import type { Claims } from './claims.ts';
import type { Client, Connected } from './client.ts';
import { providerUnavailable } from './errors.ts';
import { type Explained, explain } from './explain.ts';
import type { ProviderHttp } from './http.ts';
import type { OAuthOptions } from './options.ts';
import type { Provider, Session } from './provider.ts';
import { createSession, plainJson } from './session.ts';

/** Everything that concerns the provider, in one authenticator. */
export interface Connection {
  readonly id: string;
  /** `GitHub`. */
  readonly title: string;
  readonly options: OAuthOptions;
  readonly provider: Provider;
  readonly client: Client;
  readonly http: ProviderHttp;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What the token endpoint answered. */
export type Tokens = TokenEndpointResponse & TokenEndpointResponseHelpers;

/**
 * Checks what the token endpoint answered and makes a session of it. `openid-client` has looked at every claim; the
 * signature is looked at here, so that new keys are found at once.
 */
export async function sessionOf(
  { provider, title, options, http, clock }: Connection,
  { configuration, keys }: Connected,
  tokens: Tokens,
): Promise<Session> {
  let idClaims: Claims | null = null;
  if (tokens.id_token !== undefined && keys) {
    await jwtVerify(tokens.id_token, keys, { clockTolerance: options.clockTolerance });
    idClaims = plainJson(tokens.claims() ?? {});
  }
  const lifetime = tokens.expiresIn();
  const expires = lifetime === undefined ? null : Math.floor(clock.now().getTime() / 1000) + lifetime;
  const answer: JsonObject = { ...plainJson(tokens), expires_at: expires };
  return createSession({
    configuration,
    provider,
    title,
    idClaims,
    fetch: http.fetch,
    tokens: { ...answer, access_token: tokens.access_token },
  });
}

/**
 * Says what went wrong, to the operator in the log and to the person by the answer. An address or a secret that is
 * no longer right is looked up anew next time.
 */
export function explained(connection: Connection, error: unknown, during: string): Explained {
  const { client, http, log, options, title, id } = connection;
  const found = explain(error, {
    title,
    clockAhead: http.clockAhead(),
    clockTolerance: options.clockTolerance,
  });
  const { kind, reason } = found;
  const level = kind === 'denied' || kind === 'expired' ? 'info' : 'error';
  log[level]({ authenticator: id, during, kind, reason }, 'the provider could not be used');
  if (found.isStale) client.forget();
  return found;
}

/** {@link explained}, as what a caller throws. */
export function failure(connection: Connection, error: unknown, during: string): HubError {
  const { sentence, reason } = explained(connection, error, during);
  return providerUnavailable(sentence, new Error(reason));
}
