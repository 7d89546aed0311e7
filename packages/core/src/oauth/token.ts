import {
  mintToken,
  type OAuthClient,
  type OAuthClients,
  type OAuthCode,
  type OAuthCodes,
  type TokenStore,
  tokenName,
} from '../accounts/index.ts';
import { type Answer, type Context, json, refuseUnstorableText } from '../http/index.ts';
import type { DomainEvents, Ids, UnitOfWork } from '../kernel/index.ts';
import type { Logger } from '../plugin/index.ts';
import { type ClientGrantDeps, grantAgain } from './client-grant.ts';
import { type Redeemed, type Refusal, redeemCode } from './compat.ts';
import { duplicate, type Parameters, pick } from './parameters.ts';

/** What the token endpoint is made with. */
export interface TokenDeps extends ClientGrantDeps {
  readonly clients: OAuthClients;
  readonly codes: OAuthCodes;
  readonly tokens: TokenStore;
  readonly work: UnitOfWork;
  readonly events: DomainEvents;
  readonly ids: Ids;
  readonly log: Logger;
  /** Seconds a token lives (`oauth_token_expires_in`). */
  readonly tokenSeconds: number;
}

const names = ['grant_type', 'client_id', 'client_secret', 'code', 'redirect_uri', 'code_verifier'] as const;

/** A token about to be stored. */
interface Earned {
  readonly token: string;
  readonly client: OAuthClient;
  readonly code: OAuthCode;
  readonly scopes: readonly string[];
  /** Name of the user. */
  readonly owner: string;
  readonly ip: string;
}

/** `POST {H}api/oauth2/token` (W76–W79): a code becomes a token. */
export function tokenEndpoint(deps: TokenDeps): (context: Context) => Promise<Answer> {
  return async (context) => {
    if (context.searchParams.size > 0) {
      return refused({ error: 'invalid_request', description: 'Parameters belong into the body.' });
    }
    const form = formOf(context);
    const twice = duplicate(form, names);
    if (twice !== undefined) {
      return refused({ error: 'invalid_request', description: `Duplicate ${twice} parameter.` });
    }
    const body = pick(form, names);
    for (const text of Object.values(body)) refuseUnstorableText(text ?? '');
    if (body.grant_type === 'refresh_token') return refreshAnswer(body);
    if (body.grant_type !== 'authorization_code') return refused({ error: 'unsupported_grant_type' });
    if (body.code === undefined) {
      return refused({ error: 'invalid_request', description: 'Missing code parameter.' });
    }
    const redeemed = await redeem(body, context);
    if (!redeemed.ok) {
      const { refusal } = redeemed;
      const client = body.client_id?.slice(0, 128);
      deps.log.warn({ client, ip: context.ip, error: refusal.error }, 'code not redeemed');
      return refused(refusal);
    }
    const { token, scopes } = redeemed;
    return answer(200, {
      access_token: token,
      expires_in: deps.tokenSeconds,
      token_type: 'Bearer',
      scope: scopes.join(' '),
    });
  };

  /**
   * The code goes and the token comes in one transaction: of several redemptions one finds the code, a log-out
   * in between finds code or token, and a failing database leaves the code good.
   */
  async function redeem(body: Parameters, context: Context): Promise<Redeemed> {
    let owner = '';
    try {
      return await deps.work.run(null, async () => {
        const redeemed = await redeemCode({
          body,
          basic: basicOf(context.headers.authorization),
          authenticate,
          take: (code) => deps.codes.consume(code),
          async scopesNow(client, { userId, scopes }) {
            const grant = await grantAgain(deps, String(userId), client, scopes);
            if (grant.kind !== 'granted') return null;
            owner = grant.user.name;
            return grant.scopes;
          },
          newToken: () => deps.ids.alphanumeric30(),
          save: (token, client, code, scopes) => save({ token, client, code, scopes, owner, ip: context.ip }),
        });
        if (!redeemed.ok && !redeemed.codeIsSpent) throw new CodeKept(redeemed);
        return redeemed;
      });
    } catch (error) {
      if (error instanceof CodeKept) return error.redeemed;
      throw error;
    }
  }

  async function authenticate(identifier: string, secret: string): Promise<OAuthClient | null> {
    const client = await deps.clients.get(identifier);
    return client !== null && deps.clients.hasSecret(client, secret) ? client : null;
  }

  async function save({ token, client, code, scopes, owner, ip }: Earned): Promise<void> {
    const { work, events, tokenSeconds: expiresIn } = deps;
    const { identifier } = client;
    await work.run(null, async () => {
      const { id } = await mintToken(
        { store: deps.tokens, ids: deps.ids },
        {
          ownerKind: 'user',
          ownerId: code.userId,
          clientId: identifier,
          sessionId: code.sessionId,
          loginId: code.loginId,
          note: '',
          scopes,
          expiresIn,
          secret: token,
        },
      );
      const details = { token: tokenName(id), client: identifier, scopes, expiresIn };
      const actor = { kind: 'user', name: owner, ip } as const;
      await work.note([{ actor, action: 'token.create', target: `user:${owner}`, details }]);
      work.afterCommit(() => events.emit('tokenCreated', { owner, id: tokenName(id) }));
    });
  }

  /** There are no refresh tokens, which only a client that proves who it is learns (W77). */
  async function refreshAnswer({ client_id: id, client_secret: secret }: Parameters): Promise<Answer> {
    const client = id && secret ? await authenticate(id, secret) : null;
    return refused({ error: client === null ? 'invalid_client' : 'unauthorized_client' });
  }
}

/** Carries a refusal out of the transaction and undoes it: the code is as good as it was. */
class CodeKept extends Error {
  readonly redeemed: Redeemed;

  constructor(redeemed: Redeemed) {
    super('the code is kept');
    this.redeemed = redeemed;
  }
}

/** Only a form counts; anything else has no parameters (W76). */
function formOf({ headers, bytes }: Context): URLSearchParams {
  const isForm = /^\s*application\/x-www-form-urlencoded\s*(?:;|$)/i.test(headers['content-type'] ?? '');
  return new URLSearchParams(isForm ? new TextDecoder().decode(bytes) : '');
}

/** HubOAuth sends `Authorization: token …` besides: that is not meant for us (W76). */
function basicOf(authorization: string | undefined): string | undefined {
  return /^basic\s/i.test(authorization ?? '') ? authorization : undefined;
}

type Problem = Refusal | { readonly error: 'unsupported_grant_type'; readonly description?: string };

function refused({ error, description }: Problem): Answer {
  const body = { error, ...(description !== undefined && { error_description: description }) };
  return error === 'invalid_client'
    ? answer(401, body, { 'www-authenticate': 'Bearer error="invalid_client"' })
    : answer(400, body);
}

function answer(status: number, body: object, headers: Readonly<Record<string, string>> = {}): Answer {
  return json(body, status, { 'cache-control': 'no-store', pragma: 'no-cache', ...headers });
}
