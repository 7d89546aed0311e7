import { isHubError, type PluginRouter, type RequestContext } from '@hub/core/plugin';
import {
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  randomNonce,
  randomPKCECodeVerifier,
  randomState,
} from 'openid-client';
import { identityOf } from './admission.ts';
import { type Connection, explained, sessionOf } from './connection.ts';
import type { Flow, Flows } from './flow-cookie.ts';
import { checkAddress } from './http.ts';
import { personOf } from './person.ts';
import { readClaims } from './read-claims.ts';

/** Where a sign-in begins, and where the provider sends the browser back to (W26a). */
export const beginPath = '/oauth_login';
export const callbackPath = '/oauth_callback';

/** Registers the two addresses of a sign-in. */
export function signInRoutes(router: PluginRouter, connection: Connection, flows: Flows, home: string): void {
  router.route('GET', beginPath, { scope: 'anyone' }, (context) => begin(connection, flows, context));
  router.route('GET', callbackPath, { scope: 'anyone' }, (context) =>
    finish(connection, flows, context, home),
  );
}

async function begin(connection: Connection, flows: Flows, context: RequestContext): Promise<void> {
  const { options, provider, client } = connection;
  const next = context.safeNext(context.query.next);
  try {
    const { configuration } = await client.connect();
    const scopes = options.scopes ?? provider.scopes;
    const usesProof = options.pkce && provider.pkce !== false;
    const flow = {
      state: randomState(),
      nonce: scopes.includes('openid') ? randomNonce() : null,
      verifier: usesProof ? randomPKCECodeVerifier() : null,
      next,
    };
    const address = buildAuthorizationUrl(configuration, {
      ...provider.authorizeParameters,
      ...options.authorizeParameters,
      redirect_uri: callbackOf(connection, context),
      ...(scopes.length > 0 && { scope: scopes.join(' ') }),
      state: flow.state,
      ...(flow.nonce !== null && { nonce: flow.nonce }),
      ...(flow.verifier !== null && {
        code_challenge: await calculatePKCECodeChallenge(flow.verifier),
        code_challenge_method: 'S256',
      }),
    });
    checkAddress(address.href, options.allowInsecureHttp);
    flows.begin(context, flow);
    context.redirect(address.href);
  } catch (error) {
    const { sentence } = explained(connection, error, 'beginning a sign-in');
    await context.refuse(sentence, next, 503);
  }
}

async function finish(
  connection: Connection,
  flows: Flows,
  context: RequestContext,
  home: string,
): Promise<void> {
  const flow = flows.finish(context, context.query.state ?? '');
  if (flow) return redeem(connection, flow, context);

  const { log, id, title } = connection;
  log.warn(
    { authenticator: id, ip: context.ip },
    'an answer of the provider belongs to no sign-in of this browser',
  );
  // The back button, or one tab of many: nothing is to be done for somebody who is in.
  if (context.user) return context.redirect(home);
  await context.refuse(
    `This sign-in with ${title} was not begun in this browser, was finished before, or took too long. Sign in again.`,
    null,
    400,
  );
}

async function redeem(connection: Connection, flow: Flow, context: RequestContext): Promise<void> {
  const { provider, title } = connection;
  let identity: Awaited<ReturnType<typeof identityOf>>;
  try {
    const connected = await connection.client.connect();
    const { configuration } = connected;
    const address = new URL(callbackOf(connection, context));
    address.search = new URL(context.url, address).search;
    // Without a known issuer there is nothing to compare it with.
    if (!knowsIssuer(connection)) address.searchParams.delete('iss');
    const tokens = await authorizationCodeGrant(configuration, address, {
      expectedState: flow.state,
      ...(flow.nonce !== null && { expectedNonce: flow.nonce, idTokenExpected: true }),
      ...(flow.verifier !== null && { pkceCodeVerifier: flow.verifier }),
    });
    const session = await sessionOf(connection, connected, tokens);
    const claims = await readClaims(provider, session, configuration, title);
    identity = await identityOf(await personOf(session, claims, connection), connection);
  } catch (error) {
    if (isHubError(error) && error.status < 500)
      return context.refuse(error.message, flow.next, error.status);
    const { kind, sentence } = explained(connection, error, 'a sign-in');
    return context.refuse(sentence, flow.next, statuses[kind]);
  }
  await context.signIn(identity, flow.next);
}

const statuses = {
  denied: 403,
  expired: 400,
  untrusted: 403,
  clock: 503,
  misconfigured: 503,
  unavailable: 503,
} as const;

function knowsIssuer({ provider: { addresses } }: Connection): boolean {
  return !('authorizeUrl' in addresses) || addresses.issuer !== undefined;
}

function callbackOf({ options }: Connection, context: RequestContext): string {
  return options.callbackUrl ?? context.urlOf(callbackPath);
}
