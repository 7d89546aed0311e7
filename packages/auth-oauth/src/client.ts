import type { Clock, Logger } from '@hub/core/plugin';
import { createRemoteJWKSet, type JWTVerifyGetKey, customFetch as joseFetch } from 'jose';
import {
  allowInsecureRequests,
  type ClientAuth,
  Configuration,
  clockTolerance,
  customFetch,
  discovery,
} from 'openid-client';
import type { ReadClientAuth } from './client-secret.ts';
import { checkAddress, type ProviderHttp } from './http.ts';
import type { OAuthOptions } from './options.ts';
import type { Provider } from './provider.ts';

/** A discovery document is good for so long, and in need for so much longer. Seconds. */
const fresh = 3600;
const usable = 86_400;
/** Keys nobody knows make us look for new ones, but not more often than this. Milliseconds. */
const betweenKeySearches = 5000;

/** The provider as `openid-client` knows it. */
export interface Connected {
  readonly configuration: Configuration;
  /** Public keys of the provider, fetched when needed and again when an unknown one turns up; null without any. */
  readonly keys: JWTVerifyGetKey | null;
}

/** Finds the provider when it is first needed, so that the hub starts while the provider is down. */
export interface Client {
  /**
   * One search at a time; a failed one is tried again at the next call.
   * @throws HubError `HUB_UNAVAILABLE`, or what `openid-client` says about a useless document
   */
  connect(): Promise<Connected>;
  /** The next `connect` asks anew and reads the secret anew. */
  forget(): void;
}

/** What {@link createClient} needs. */
export interface ClientParts {
  readonly options: OAuthOptions;
  readonly provider: Provider;
  readonly http: ProviderHttp;
  readonly clientAuth: ReadClientAuth;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Makes the {@link Client}. */
export function createClient({ options, provider, http, clientAuth, clock, log }: ClientParts): Client {
  let known: { readonly connected: Connected; readonly since: number } | null = null;
  let search: Promise<Connected> | null = null;

  async function find(): Promise<Connected> {
    const configuration = await configurationOf(provider, options, http, await clientAuth());
    const { authorization_endpoint: authorize, jwks_uri: jwks } = configuration.serverMetadata();
    if (authorize !== undefined) checkAddress(authorize, options.allowInsecureHttp);
    const connected = { configuration, keys: jwks === undefined ? null : keySet(jwks, options, http) };
    known = { connected, since: clock.monotonic() };
    return connected;
  }

  return {
    async connect() {
      const age = known ? (clock.monotonic() - known.since) / 1000 : Number.POSITIVE_INFINITY;
      if (known && age < fresh) return known.connected;
      search ??= find().finally(() => {
        search = null;
      });
      if (!known || age >= usable) return search;
      const { connected } = known;
      return search.catch(() => {
        log.warn(
          { age: Math.round(age) },
          'the provider does not tell its addresses; the ones of before are used',
        );
        return connected;
      });
    },
    forget() {
      known = null;
    },
  };
}

async function configurationOf(
  { addresses }: Provider,
  options: OAuthOptions,
  http: ProviderHttp,
  auth: ClientAuth,
): Promise<Configuration> {
  const metadata = { [clockTolerance]: options.clockTolerance };
  const prepare = (configuration: Configuration) => {
    configuration[customFetch] = http.fetch;
    configuration.timeout = options.requestTimeout;
    // The fetch above refuses plain http itself, wherever it is not allowed.
    allowInsecureRequests(configuration);
    return configuration;
  };
  if ('authorizeUrl' in addresses) {
    const { authorizeUrl, tokenUrl, userinfoUrl, issuer, jwksUrl } = addresses;
    const server = {
      issuer: issuer ?? new URL(authorizeUrl).origin,
      authorization_endpoint: authorizeUrl,
      token_endpoint: tokenUrl,
      ...(userinfoUrl !== undefined && { userinfo_endpoint: userinfoUrl }),
      ...(jwksUrl !== undefined && { jwks_uri: jwksUrl }),
    };
    return prepare(new Configuration(server, options.clientId, metadata, auth));
  }
  const document = 'metadataUrl' in addresses ? addresses.metadataUrl : addresses.issuer;
  const found = await discovery(new URL(document), options.clientId, metadata, auth, {
    [customFetch]: http.fetch,
    timeout: options.requestTimeout,
    execute: [allowInsecureRequests],
  });
  if (!('metadataUrl' in addresses) || addresses.userinfoUrl === undefined) return prepare(found);
  const { supportsPKCE: _, ...server } = found.serverMetadata();
  return prepare(
    new Configuration(
      { ...server, userinfo_endpoint: addresses.userinfoUrl },
      options.clientId,
      metadata,
      auth,
    ),
  );
}

function keySet(address: string, { requestTimeout }: OAuthOptions, http: ProviderHttp): JWTVerifyGetKey {
  return createRemoteJWKSet(new URL(address), {
    cooldownDuration: betweenKeySearches,
    timeoutDuration: requestTimeout * 1000,
    [joseFetch]: http.fetch,
  });
}
