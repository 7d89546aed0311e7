import { type LoginRecord, loginIdOf, loginName } from '../accounts/index.ts';
import { anyOf, type Context, empty, type HttpServer, json, on } from '../http/index.ts';
import { HubError, type JsonObject, type JsonValue } from '../plugin/index.ts';
import { checkKeys, isObject } from './body.ts';
import { type ApiDeps, actorOf, requireUser } from './context.ts';
import { answers, endLoginsBody } from './schemas/index.ts';

/**
 * Browsers that are signed in: list and end them. Not in the original. The scopes are those of tokens: a login is a
 * credential of its user like a token, whoever may revoke the one may end the other, and clients of the original know
 * no scope beyond the contract's.
 */
export function loginRoutes({ api }: Pick<HttpServer, 'api'>, deps: ApiDeps): void {
  const { logins } = deps;
  const one = ({ params }: { readonly params: { readonly name: string } }) => on.user(params.name);

  api.route('GET', '/users/:name/logins', {
    summary: 'List the browsers where a user is signed in',
    tags: ['logins'],
    answers: answers({ 200: 'Logins' }, 404),
    scope: anyOf('read:tokens'),
    on: one,
    async handle(context) {
      const user = await requireUser(deps, context.params.name);
      const list = await logins.list(user);
      return json({ logins: list.map((login) => loginModel(login, user.name, isOwn(context, login.id))) });
    },
  });

  api.route('DELETE', '/users/:name/logins/:id', {
    summary: 'Sign a user out in one browser',
    tags: ['logins'],
    answers: answers({ 204: null }, 404),
    scope: anyOf('tokens'),
    on: one,
    mayBeEmpty: ['id'],
    async handle(context) {
      const { name, id: asked } = context.params;
      const user = await requireUser(deps, name);
      const id = loginIdOf(asked);
      const own = id !== null && isOwn(context, id);
      const ended =
        id !== null && (await logins.end(actorOf(context), user, id, own ? context.sessionId : null));
      if (!ended)
        throw new HubError('HUB_NOT_FOUND', `No such login ${asked.slice(0, 64)} for user ${user.name}`);
      if (own) context.signOut();
      return empty(204);
    },
  });

  api.route('DELETE', '/users/:name/logins', {
    summary: 'Sign a user out everywhere',
    tags: ['logins'],
    answers: answers({ 204: null }, 404),
    accepts: { body: endLoginsBody },
    bodyOptional: true,
    scope: anyOf('tokens'),
    on: one,
    async handle(context) {
      const user = await requireUser(deps, context.params.name);
      const { caller } = context;
      await logins.endAll(actorOf(context), user, { tokens: tokensToo(context.body) });
      // The browser that asks is one of them: its cookies are worth nothing from here on.
      if (caller.kind === 'cookie' && caller.owner.user.id === String(user.id)) context.signOut();
      return empty(204);
    },
  });
}

/** What is told of a login: neither its secret nor the ids its cookies and its provider's session go by. */
function loginModel(login: LoginRecord, user: string, current: boolean): JsonObject {
  return {
    id: loginName(login.id),
    kind: 'login',
    user,
    authenticator: login.authenticator,
    user_agent: login.userAgent,
    ip: login.ip,
    created: login.created,
    last_activity: login.lastSeen,
    expires_at: login.expiresAt,
    current,
  };
}

function isOwn({ caller }: Pick<Context, 'caller'>, id: number): boolean {
  return caller.kind === 'cookie' && caller.loginId === String(id);
}

function tokensToo(body: JsonValue | undefined): boolean {
  if (body === undefined || body === null) return false;
  if (!isObject(body)) throw new HubError('HUB_BAD_REQUEST', 'body must be a json dict');
  checkKeys(body, endLoginsBody);
  return body.tokens === true;
}
