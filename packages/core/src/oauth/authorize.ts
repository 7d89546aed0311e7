import { consentScopes, describeScopes } from '../access/index.ts';
import type { OAuthClients, OAuthCodes } from '../accounts/index.ts';
import { type Answer, type Context, redirect } from '../http/index.ts';
import type { Ids } from '../kernel/index.ts';
import {
  type Awaitable,
  HubError,
  type Logger,
  type OAuthPage,
  type PageScope,
  type UserView,
} from '../plugin/index.ts';
import { type AuthorizationRequest, readAuthorizationRequest } from './authorization-request.ts';
import { type ClientGrant, type ClientGrantDeps, grantToClient, scopesOfEveryGrant } from './client-grant.ts';
import { makeCode } from './compat.ts';
import { formTargets } from './redirect-uri.ts';

/** What the authorize endpoint is made with. */
export interface AuthorizeDeps extends ClientGrantDeps {
  readonly clients: OAuthClients;
  readonly codes: OAuthCodes;
  readonly ids: Ids;
  readonly log: Logger;
  /** Refuse requests without a code challenge. */
  readonly requirePkce: boolean;
  /** May this service be opened without asking its visitors (`oauth_no_confirm`)? */
  readonly noConfirm: (service: string) => Awaitable<boolean>;
  /** Where a stranger signs in and then comes back to `next`. */
  readonly loginUrl: (next: string) => string;
  /** Draws the consent page. */
  readonly showConsent: (context: Context, page: OAuthPage) => Promise<Answer>;
}

/** A request that one user may grant, with the raw scopes they can give. */
interface Question {
  readonly request: AuthorizationRequest;
  readonly user: UserView;
  readonly scopes: readonly string[];
}

/** `GET` and `POST {H}api/oauth2/authorize` (W69–W75): may this application act for you? */
export function authorizeEndpoint(deps: AuthorizeDeps) {
  return { ask, decide };

  /** GET: asks, unless the answer is known (W73). */
  async function ask(context: Context): Promise<Answer> {
    const user = signedIn(context);
    if (!user) return redirect(deps.loginUrl(context.url));
    const read = await readAuthorizationRequest(context.url, findClient, deps);
    if (!read.ok) return redirect(read.location);

    const { request } = read;
    const grant = await grantToClient(deps, user.id, request.client, request.scope);
    if (grant.kind === 'invalid-scope') return refuseScopes(request, grant, user);
    if (grant.kind === 'not-permitted') throw notPermitted(request, user);
    const question = { request, user, scopes: grant.scopes };
    if (grant.withheld.length > 0) {
      const { identifier } = request.client;
      deps.log.info({ user: user.name, client: identifier, withheld: grant.withheld }, 'scopes not granted');
    }
    return (await needsConsent(question)) ? consent(context, question) : issue(context, question);
  }

  /** POST: the user agreed to the scopes in the form, or to none (W74). Everything is checked again. */
  async function decide(context: Context): Promise<Answer> {
    const user = signedIn(context);
    if (!user) throw new HubError('HUB_FORBIDDEN', 'Forbidden');
    const read = await readAuthorizationRequest(context.url, findClient, deps);
    if (!read.ok) return redirect(read.location);

    const { request } = read;
    const grant = await grantToClient(deps, user.id, request.client, context.form.getAll('scopes'));
    if (grant.kind === 'not-permitted') throw notPermitted(request, user);
    if (context.form.get('deny')) return redirect(request.answer({ error: 'access_denied' }));
    if (grant.kind === 'invalid-scope') return refuseScopes(request, grant, user);
    return issue(context, { request, user, scopes: grant.scopes });
  }

  async function findClient(identifier: string) {
    const found = await deps.clients.get(identifier);
    if (found?.secretHash && found.client.kind === 'hub') {
      throw new HubError('HUB_INTERNAL', `OAuth client ${identifier} belongs to no server or service`);
    }
    return found;
  }

  function refuseScopes(
    request: AuthorizationRequest,
    { scopes }: Extract<ClientGrant, { kind: 'invalid-scope' }>,
    user: UserView,
  ): Answer {
    const { identifier } = request.client;
    deps.log.warn(
      { user: user.name, client: identifier, scopes },
      'application asked for scopes it may not have',
    );
    return redirect(request.answer({ error: 'invalid_scope' }));
  }

  function notPermitted({ client }: AuthorizationRequest, user: UserView): HubError {
    deps.log.warn({ user: user.name, client: client.identifier }, 'no permission to use an application');
    return new HubError('HUB_FORBIDDEN', `You do not have permission to access ${client.description}`);
  }

  /** W73. */
  async function needsConsent({ request: { client }, user, scopes }: Question): Promise<boolean> {
    const { client: what } = client;
    if (what.kind === 'server' && what.user === user.name) return false;
    if (what.kind === 'service' && (await deps.noConfirm(what.service))) return false;
    return !(await deps.clients.hasTokensCovering(Number(user.id), client.identifier, scopes));
  }

  async function consent(context: Context, { request, user, scopes }: Question): Promise<Answer> {
    const { client, redirectUri } = request;
    const allowedScopes = consentScopes(scopes);
    const understood = scopesOfEveryGrant(client.client, user);
    const page: OAuthPage = {
      client: {
        id: client.identifier,
        description: client.description,
        kind: client.client.kind === 'server' ? 'server' : 'service',
      },
      allowedScopes,
      scopes: inWords(
        allowedScopes.filter((scope) => !understood.has(scope)),
        user,
      ),
      action: context.url,
      redirectUri: redirectUri.startsWith('/') ? `${context.origin}${redirectUri}` : redirectUri,
    };
    const answer = await deps.showConsent(context, page);
    if (answer.kind !== 'html') return answer;
    return { ...answer, formTargets: [...(answer.formTargets ?? []), ...formTargets(redirectUri)] };
  }

  function inWords(scopes: readonly string[], { name }: UserView): readonly PageScope[] {
    return describeScopes(deps.table, scopes, { kind: 'user', name }).map(
      ({ scope, description, restriction }) => ({
        scope,
        description,
        filter: restriction || null,
      }),
    );
  }

  /** A code bound to this browser's session, so that logging out ends what comes of it (W46, W75). */
  async function issue(context: Context, { request, user, scopes }: Question): Promise<Answer> {
    const { client, redirectUri, codeChallenge, codeChallengeMethod } = request;
    const facts = { redirectUri, scopes, codeChallenge, codeChallengeMethod };
    const sessionId = context.ensureSessionId();
    const loginId = context.caller.kind === 'cookie' ? Number(context.caller.loginId) : null;
    const code = await makeCode({
      client,
      ...facts,
      newCode: () => deps.ids.alphanumeric30(),
      async save(code) {
        await deps.codes.issue(
          { clientId: client.identifier, userId: Number(user.id), sessionId, loginId, ...facts },
          code,
        );
      },
    });
    return redirect(request.answer({ code }));
  }
}

function signedIn({ caller }: Context): UserView | null {
  return caller.kind === 'cookie' ? caller.owner.user : null;
}
