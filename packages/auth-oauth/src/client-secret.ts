import { readFileSync } from 'node:fs';
import { HubError } from '@hub/core/plugin';
import { type GivenSecret, givenSecret, isSecretError, type SecretSources } from '@hub/posix';
import { importJWK, type JWK } from 'jose';
import { type ClientAuth, ClientSecretBasic, ClientSecretPost, None, PrivateKeyJwt } from 'openid-client';
import { isObject } from './claims.ts';
import type { OAuthOptions } from './options.ts';
import type { Provider } from './provider.ts';

/** How this hub proves to the provider who it is; reads files and environment anew each time. */
export type ReadClientAuth = () => Promise<ClientAuth>;

/**
 * Prepares the proof, and reads everything once so that a mistake is told at start.
 *
 * @throws HubError `HUB_CONFIG_INVALID` for a method without what it needs; `HUB_START_FAILED` for a file that is
 * missing or open to others.
 */
export function clientAuthOf(id: string, options: OAuthOptions, provider: Provider): ReadClientAuth {
  const method = options.clientAuth ?? usualMethod(options, provider);
  if (method === 'none') return async () => None();
  if (method === 'private_key_jwt') {
    const { privateKeyFile } = options;
    if (privateKeyFile === undefined) throw missing(id, 'clientAuth "private_key_jwt" needs privateKeyFile');
    readKey(id, privateKeyFile);
    return () => signedProof(id, privateKeyFile);
  }
  readSecret(id, options);
  return async () => {
    const secret = readSecret(id, options);
    return method === 'basic' ? ClientSecretBasic(secret) : ClientSecretPost(secret);
  };
}

function usualMethod(options: OAuthOptions, provider: Provider): NonNullable<OAuthOptions['clientAuth']> {
  const { clientSecret, clientSecretEnv, clientSecretFile, privateKeyFile } = options;
  if (clientSecret ?? clientSecretEnv ?? clientSecretFile) return provider.clientAuth ?? 'basic';
  return privateKeyFile === undefined ? 'none' : 'private_key_jwt';
}

function readSecret(id: string, { clientSecret, clientSecretEnv, clientSecretFile }: OAuthOptions): string {
  const given = secretOf({
    what: `The client secret of authenticator ${id}`,
    value: { name: 'clientSecret', text: clientSecret ?? '' },
    variable: {
      name: clientSecretEnv ?? 'clientSecretEnv',
      text: clientSecretEnv === undefined ? undefined : process.env[clientSecretEnv],
    },
    file: { name: 'clientSecretFile', path: clientSecretFile ?? '' },
  });
  if (given) return given.text;
  throw missing(
    id,
    clientSecretEnv === undefined
      ? 'the client secret is missing; give clientSecretFile, clientSecretEnv or clientSecret'
      : `clientSecretEnv names ${clientSecretEnv}, and the environment has no such variable`,
  );
}

function secretOf(sources: SecretSources): GivenSecret | null {
  try {
    return givenSecret(sources);
  } catch (error) {
    if (!isSecretError(error)) throw error;
    throw new HubError('HUB_START_FAILED', error.message, { hint: error.hint, cause: error });
  }
}

async function signedProof(id: string, path: string): Promise<ClientAuth> {
  const jwk = readKey(id, path);
  const key = await importJWK(jwk, jwk.alg ?? 'RS256');
  if (key instanceof Uint8Array) throw missing(id, `privateKeyFile ${path} holds no private key`);
  return PrivateKeyJwt(jwk.kid === undefined ? key : { key, kid: jwk.kid });
}

function readKey(id: string, path: string): JWK {
  let jwk: unknown;
  try {
    jwk = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    // The parser's message would quote the key.
    throw missing(id, `privateKeyFile ${path} cannot be read as a JSON Web Key`);
  }
  if (!isObject(jwk) || typeof jwk.kty !== 'string' || typeof jwk.d !== 'string') {
    throw missing(id, `privateKeyFile ${path} holds no private JSON Web Key`);
  }
  return jwk as JWK;
}

function missing(id: string, what: string): HubError {
  return new HubError('HUB_CONFIG_INVALID', `Authenticator ${id}: ${what}.`);
}
