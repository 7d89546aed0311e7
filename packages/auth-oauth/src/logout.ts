import type { JsonObject, LogoutFacts, PluginRouter, RequestContext } from '@hub/core/plugin';
import { type JWTPayload, jwtVerify } from 'jose';
import { buildEndSessionUrl } from 'openid-client';
import { isObject } from './claims.ts';
import { type Connection, explained } from './connection.ts';
import { hubErrorIn } from './explain.ts';

/** Where a provider tells that somebody logged out there (OpenID Connect Back-Channel Logout 1.0). */
export const backChannelPath = '/oauth_backchannel_logout';

const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout';
/** A logout token is sent at once; an old one is a copy. Seconds. */
const oldestToken = 300;

/** Where the browser logs out at the provider; null when there is no such place. */
export async function logoutAddress(
  connection: Connection,
  { authState, returnUrl }: LogoutFacts,
): Promise<string | null> {
  const { provider, options, log, id } = connection;
  const idToken = tokenIn(authState);
  if (provider.logoutUrl) return provider.logoutUrl({ clientId: options.clientId, idToken, returnUrl });
  try {
    const { configuration } = await connection.client.connect();
    if (configuration.serverMetadata().end_session_endpoint === undefined) {
      log.warn({ authenticator: id }, 'the provider has no address for logging out there');
      return null;
    }
    return buildEndSessionUrl(configuration, {
      post_logout_redirect_uri: returnUrl,
      ...(idToken !== null && { id_token_hint: idToken }),
    }).href;
  } catch (error) {
    explained(connection, error, 'logging out');
    return null;
  }
}

/** Registers the address for {@link backChannelPath}. */
export function backChannelRoute(router: PluginRouter, connection: Connection): void {
  router.route('POST', backChannelPath, { scope: 'anyone', xsrf: false }, (context) =>
    endLogins(connection, context),
  );
}

async function endLogins(connection: Connection, context: RequestContext): Promise<void> {
  const headers = { 'cache-control': 'no-store' };
  const { log, id } = connection;
  let claims: JWTPayload;
  try {
    claims = await logoutClaims(connection, context.form.logout_token ?? '');
  } catch (error) {
    // Anybody may send anything here, so nothing is looked up anew over it.
    const away = hubErrorIn(error) !== null;
    const reason = error instanceof Error ? error.message : String(error);
    log.warn({ authenticator: id, reason, ip: context.ip }, 'a logout token was refused');
    const answer = { error: 'invalid_request', error_description: away ? 'try again later' : reason };
    context.send(away ? 503 : 400, answer, headers);
    return;
  }
  const { sub, sid, iss } = claims;
  const ended = await context.endLogins(
    typeof sid === 'string' ? { providerSession: sid } : { subject: `${iss}#${sub}` },
  );
  log.info({ authenticator: id, ended }, 'logins ended on word of the provider');
  context.send(200, '', headers);
}

/** The claims of a logout token that is one; anything else throws. */
async function logoutClaims({ client, options }: Connection, token: string): Promise<JWTPayload> {
  const { configuration, keys } = await client.connect();
  if (!keys) throw new NoLogoutToken('the provider has no keys');
  const { issuer } = configuration.serverMetadata();
  const { payload } = await jwtVerify(token, keys, {
    issuer,
    audience: options.clientId,
    clockTolerance: options.clockTolerance,
    maxTokenAge: oldestToken,
    requiredClaims: ['jti', 'events'],
  });
  const { events, nonce, sub, sid } = payload;
  if (!isObject(events) || !isObject(events[logoutEvent]))
    throw new NoLogoutToken('events say nothing of a log-out');
  if (nonce !== undefined) throw new NoLogoutToken('it has a nonce, so it is an id token');
  if (typeof sub !== 'string' && typeof sid !== 'string') throw new NoLogoutToken('neither sub nor sid');
  return payload;
}

/** A token that is signed by the provider and no logout token. */
class NoLogoutToken extends Error {}

function tokenIn(authState: JsonObject | null): string | null {
  return typeof authState?.id_token === 'string' ? authState.id_token : null;
}
