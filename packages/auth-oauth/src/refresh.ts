import { type Identity, isHubError, type JsonObject, type RefreshFacts } from '@hub/core/plugin';
import { ResponseBodyError, refreshTokenGrant } from 'openid-client';
import { identityOf, tokenState } from './admission.ts';
import { type Claims, isObject } from './claims.ts';
import type { Connected } from './client.ts';
import { type Connection, failure, sessionOf } from './connection.ts';
import { personOf } from './person.ts';
import type { Session } from './provider.ts';
import { readClaims, TokenRefused } from './read-claims.ts';
import { createSession } from './session.ts';

/** A token that ends sooner is renewed now, so that servers that were given it can go on until the next look. */
const renewBefore = 600;

/** Asks again who somebody is; one question at a time per identity. */
export type Refresh = (
  authState: JsonObject | null,
  facts: RefreshFacts,
) => Promise<boolean | Partial<Identity>>;

/**
 * Makes the {@link Refresh}. False: they have to sign in again. Throws when the provider gives no usable answer.
 *
 * What was handed to running servers stays valid: nothing is revoked here.
 */
export function createRefresh(connection: Connection): Refresh {
  const running = new Map<string, ReturnType<Refresh>>();
  return (authState, facts) => {
    const known = running.get(facts.subject);
    if (known) return known;
    const answer = ask(connection, authState, facts).finally(() => running.delete(facts.subject));
    running.set(facts.subject, answer);
    return answer;
  };
}

async function ask(
  connection: Connection,
  authState: JsonObject | null,
  { subject }: RefreshFacts,
): Promise<boolean | Partial<Identity>> {
  const { log, id } = connection;
  // Without tokens there is nothing to ask with.
  if (typeof authState?.access_token !== 'string') return true;
  try {
    const connected = await connection.client.connect();
    const session = await currentSession(connection, connected, authState);
    if (session === null) return false;
    return await askWith(connection, connected, session, subject).catch((error: unknown) => {
      const isNew = session.tokens.access_token !== authState.access_token;
      // A refresh token is good once: what came for it is kept, though nobody was asked who it belongs to.
      if (!isNew || isNo(error)) throw error;
      log.warn({ authenticator: id }, 'the provider renewed its tokens, and did not tell who somebody is');
      return { authState: { ...authState, ...tokenState(session.tokens) }, groups: null };
    });
  } catch (error) {
    if (isNo(error)) return false;
    throw failure(connection, error, 'a refresh');
  }
}

async function askWith(
  connection: Connection,
  { configuration }: Connected,
  session: Session,
  subject: string,
): Promise<boolean | Partial<Identity>> {
  const { log, id, provider, title } = connection;
  const claims = await readClaims(provider, session, configuration, title);
  const person = await personOf(session, claims, connection);
  // The hub asks about it again whether it may come in (P126).
  if (person.subject === subject) return identityOf(person, connection);
  log.error({ authenticator: id }, 'the provider answered for somebody else; the login ends');
  return false;
}

/** The provider does not know the token any more, or the person is not one to be let in. */
function isNo(error: unknown): boolean {
  return error instanceof TokenRefused || (isHubError(error) && error.status === 403);
}

/** A session with tokens that work; null when the provider gives no new ones. */
async function currentSession(
  connection: Connection,
  connected: Connected,
  authState: JsonObject,
): Promise<Session | null> {
  const { provider, title, http, clock, log, id } = connection;
  const { configuration } = connected;
  const { refresh_token: refreshToken, expires_at: expires, access_token: accessToken } = authState;
  const left =
    typeof expires === 'number' ? expires - clock.now().getTime() / 1000 : Number.POSITIVE_INFINITY;
  const old = isObject(authState.token_response) ? authState.token_response : {};
  const idClaims = isObject(authState.id_claims) ? authState.id_claims : null;

  if (typeof refreshToken === 'string' && left < renewBefore) {
    try {
      const tokens = await refreshTokenGrant(configuration, refreshToken);
      const fresh = await sessionOf(connection, connected, tokens);
      return {
        ...fresh,
        // A provider that rotates its refresh tokens sends a new one, others nothing; the same goes for id tokens.
        tokens: {
          ...old,
          id_token: authState.id_token ?? undefined,
          refresh_token: refreshToken,
          ...fresh.tokens,
        },
        idClaims: fresh.idClaims ? { ...aboutTheSession(idClaims), ...fresh.idClaims } : idClaims,
      };
    } catch (error) {
      if (error instanceof ResponseBodyError && error.error === 'invalid_grant') {
        log.info({ authenticator: id }, 'the provider takes the refresh token no more; the login ends');
        return null;
      }
      // The token at hand is still good: perhaps the provider knows better next time.
      if (left <= 0) throw error;
    }
  }
  if (left <= 0) {
    log.info(
      { authenticator: id },
      'the access token has ended and there is none to refresh it with; the login ends',
    );
    return null;
  }
  return createSession({
    configuration,
    provider,
    title,
    fetch: http.fetch,
    idClaims,
    tokens: { ...old, expires_at: expires ?? null, access_token: String(accessToken) },
  });
}

/**
 * A new id token need not repeat how and where somebody signed in. All else counts as it says now: who has lost the last
 * group has no claim `groups` any more, and must not keep the old one.
 */
function aboutTheSession(claims: Claims | null): Claims {
  const kept = ['sid', 'auth_time', 'acr', 'amr'];
  return Object.fromEntries(Object.entries(claims ?? {}).filter(([name]) => kept.includes(name)));
}
