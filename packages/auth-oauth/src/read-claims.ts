import { type Configuration, fetchUserInfo, skipSubjectCheck } from 'openid-client';
import { type Claims, isObject } from './claims.ts';
import { providerUnavailable } from './errors.ts';
import type { Provider, Session } from './provider.ts';
import { plainJson } from './session.ts';

/** The provider knows the access token no more: whoever it belongs to has to sign in again. */
export class TokenRefused extends Error {}

/**
 * What the provider says about somebody.
 *
 * @throws TokenRefused, or what explains why the provider gave no usable answer
 */
export async function readClaims(
  provider: Provider,
  session: Session,
  configuration: Configuration,
  title: string,
): Promise<Claims> {
  if (provider.readClaims) return provider.readClaims(session);
  const { idClaims, tokens } = session;
  const endpoint = configuration.serverMetadata().userinfo_endpoint;
  if (endpoint === undefined) return idClaims ?? {};
  if (idClaims && typeof idClaims.sub === 'string') {
    const told = await fetchUserInfo(configuration, tokens.access_token, idClaims.sub).catch(refused);
    return { ...idClaims, ...plainJson(told) };
  }
  if (!('authorizeUrl' in provider.addresses) && !('metadataUrl' in provider.addresses)) {
    return plainJson(
      await fetchUserInfo(configuration, tokens.access_token, skipSubjectCheck).catch(refused),
    );
  }
  const { status, body } = await session.api(endpoint);
  if (status === 401) throw new TokenRefused();
  if (status !== 200 || !isObject(body)) {
    throw providerUnavailable(`${title} gave no user record (status ${status}). Try again in a moment.`);
  }
  return body;
}

function refused(error: unknown): never {
  const status = error instanceof Error && 'status' in error ? error.status : null;
  if (status === 401) throw new TokenRefused('userinfo: 401', { cause: error });
  throw error;
}
