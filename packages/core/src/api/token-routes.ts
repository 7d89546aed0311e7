import { allows, type ScopeSet } from '../access/index.ts';
import type { TokenRecord, UserDetails } from '../accounts/index.ts';
import { anyOf, type Context, empty, type HttpServer, json, on } from '../http/index.ts';
import type { Actor } from '../kernel/index.ts';
import { HubError, type JsonObject, type JsonValue } from '../plugin/index.ts';
import { isObject, textList } from './body.ts';
import { type ApiDeps, actorOf, effectiveScopes, requireUser, scopesOf } from './context.ts';
import { tokenModel } from './models.ts';
import { answers, newTokenBody } from './schemas/index.ts';

/** Tokens of users (section 4.6). */
export function tokenRoutes({ api }: Pick<HttpServer, 'api'>, deps: ApiDeps): void {
  const { tokens } = deps;
  const one = ({ params }: { readonly params: { readonly name: string } }) => on.user(params.name);

  api.route('GET', '/users/:name/tokens', {
    summary: 'List tokens',
    tags: ['tokens'],
    answers: answers({ 200: 'Tokens' }, 404),
    scope: anyOf('read:tokens'),
    on: one,
    async handle({ params }) {
      const user = await requireUser(deps, params.name);
      const list = await tokens.list(user);
      const scopes = await effectiveScopes(deps, user, list);
      return json({ api_tokens: list.map((token, index) => tokenModel(token, scopes[index] ?? [])) });
    },
  });

  // R92: its own rule; a stranger may bring credentials in the body instead (R93).
  api.route('POST', '/users/:name/tokens', {
    summary: 'Make a token',
    tags: ['tokens'],
    answers: answers({ 201: 'NewToken' }, 429),
    accepts: { body: newTokenBody },
    bodyOptional: true,
    identity: 'anyone',
    xsrf: 'deferred',
    async handle(context) {
      const body = tokenBody(context.body);
      const { actor, scopes } = await requester(deps, context, body);
      const user = await deps.users.get(context.params.name);
      const allowed =
        user && allows(scopes, 'tokens', { kind: 'user', user: user.name, groups: new Set(user.groups) });
      if (!allowed) throw noPermission(context, actor);
      const wish = { note: body.note, expiresIn: body.expires_in, scopes: scopesWish(deps, body) };
      const { record, token } = await tokens.create(actor, user, wish);
      return json({ ...(await modelOf(deps, user, record)), token }, 201);
    },
  });

  api.route('GET', '/users/:name/tokens/:id', {
    summary: 'Read a token',
    tags: ['tokens'],
    answers: answers({ 200: 'Token' }, 404),
    scope: anyOf('read:tokens'),
    on: one,
    mayBeEmpty: ['id'],
    async handle({ params }) {
      const user = await requireUser(deps, params.name);
      return json(await modelOf(deps, user, await tokens.get(user, params.id)));
    },
  });

  api.route('DELETE', '/users/:name/tokens/:id', {
    summary: 'Revoke a token',
    tags: ['tokens'],
    answers: answers({ 204: null }, 404),
    scope: anyOf('tokens'),
    on: one,
    mayBeEmpty: ['id'],
    async handle(context) {
      const { name, id } = context.params;
      await tokens.revoke(actorOf(context), await requireUser(deps, name), id);
      return empty(204);
    },
  });
}

async function modelOf(deps: ApiDeps, user: UserDetails, token: TokenRecord): Promise<JsonObject> {
  const [scopes = []] = await effectiveScopes(deps, user, [token]);
  return tokenModel(token, scopes);
}

/** R94: an object; what is empty counts as none. */
function tokenBody(body: JsonValue | undefined): JsonObject {
  if (isObject(body)) return body;
  if (!body || (Array.isArray(body) && body.length === 0)) return {};
  throw new HubError('HUB_BAD_REQUEST', 'body must be a json dict');
}

/** R96: `scopes`, or the scopes of `roles` as they are now, not both. */
function scopesWish(deps: ApiDeps, body: JsonObject): readonly string[] | null {
  const { scopes = null, roles = null } = body;
  if (scopes !== null && roles !== null) {
    throw new HubError('HUB_BAD_REQUEST', 'Only one of roles and scopes may be given');
  }
  if (scopes !== null) return textList(scopes, 'scopes');
  if (roles === null) return null;
  return textList(roles, 'roles').flatMap((role) => {
    const found = deps.roleScopes(role);
    if (!found) throw new HubError('HUB_BAD_REQUEST', `No such role: ${role}`);
    return found;
  });
}

async function requester(
  deps: ApiDeps,
  context: Context,
  body: JsonObject,
): Promise<{ readonly actor: Actor; readonly scopes: ScopeSet }> {
  if (context.caller.kind !== 'anonymous') {
    context.checkXsrf();
    return { actor: actorOf(context), scopes: scopesOf(context.caller) };
  }
  const user = body.auth === undefined ? null : await byPassword(deps, context, body.auth);
  if (!user) {
    context.checkXsrf();
    throw new HubError('HUB_FORBIDDEN', '');
  }
  return {
    actor: { kind: 'user', name: user.name, ip: context.ip },
    scopes: await deps.scopesOfUser(user.id),
  };
}

/** R93: known users only; nobody is created by asking for a token. */
async function byPassword(deps: ApiDeps, context: Context, auth: JsonValue): Promise<UserDetails | null> {
  if (!isObject(auth)) return null;
  const fields = Object.fromEntries(
    Object.entries(auth).flatMap(([key, value]) => (typeof value === 'string' ? [[key, value]] : [])),
  );
  return deps.verifyPassword(context, fields);
}

function noPermission({ params }: { readonly params: { readonly name: string } }, actor: Actor): HubError {
  const kind = actor.kind === 'service' ? 'Service' : 'User';
  return new HubError(
    'HUB_FORBIDDEN',
    `${kind} ${params.name} not found or no permissions to generate tokens`,
  );
}
