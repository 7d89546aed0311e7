import { whoamiScopes } from '../access/index.ts';
import { type Caller, type Context, type HttpServer, json, type Owner } from '../http/index.ts';
import { HubError } from '../plugin/index.ts';
import { type ApiDeps, requireService, requireUser, scopesOf } from './context.ts';
import { userModel } from './models.ts';
import { answers } from './schemas/index.ts';
import { serviceModel } from './service-model.ts';

/** Ways of asking who somebody is that clients older than 2.0 know (section 3, R24). `GET /user` replaces them. */
export function authorizationRoutes(
  { api, cookies }: Pick<HttpServer, 'api' | 'cookies'>,
  deps: ApiDeps,
): void {
  const common = { identity: 'any', xsrf: false } as const;

  api.route('GET', '/authorizations/token/:token', {
    ...common,
    summary: 'Whose token is this (deprecated)',
    tags: ['deprecated'],
    answers: answers({ 200: 'Owner' }, 404),
    async handle({ params, caller }) {
      requireToken(caller);
      const found = await deps.sessions.byToken(params.token, { activity: true });
      if (!found) throw new HubError('HUB_NOT_FOUND', '');
      return json(await ownerModel(deps, found.owner, caller));
    },
  });

  const removed = () => {
    throw new HubError(
      'HUB_NOT_FOUND',
      'Deprecated endpoint /hub/api/authorizations/token is removed in JupyterHub 2.0. Use /hub/api/users/:user/tokens instead.',
    );
  };
  for (const path of ['/authorizations/token', '/authorizations/token/:token'] as const) {
    api.route('POST', path, {
      summary: 'Make a token (removed)',
      tags: ['deprecated'],
      answers: answers({}, 404),
      identity: 'unasked',
      reads: 'bytes',
      handle: removed,
    });
  }

  api.route('GET', '/authorizations/cookie/:cookie/:value', {
    ...common,
    summary: 'Whose cookie is this (deprecated)',
    tags: ['deprecated'],
    answers: answers({ 200: 'User' }, 404),
    handle: ({ params, caller }) => byCookie(caller, params.cookie, params.value),
  });
  api.route('GET', '/authorizations/cookie/:cookie', {
    ...common,
    summary: 'Whose cookie is this, the value in the body (deprecated)',
    tags: ['deprecated'],
    answers: answers({ 200: 'User' }, 404),
    reads: 'bytes',
    handle: ({ params, caller, bytes }) => byCookie(caller, params.cookie, new TextDecoder().decode(bytes)),
  });

  async function byCookie(caller: Context['caller'], name: string, value: string) {
    requireToken(caller);
    const login = cookies.readLogin(`${encodeURIComponent(name)}=${value}`, deps.clock.now());
    const found = login.kind === 'login' ? await deps.sessions.byLogin(login.id, { activity: true }) : null;
    if (!found || found === 'expired') throw new HubError('HUB_NOT_FOUND', '');
    const user = await requireUser(deps, found.owner.user.name);
    return json(userModel(user, scopesOf(caller), deps.places));
  }
}

/** A cookie is not enough to ask about others. @throws HubError 403. */
function requireToken(caller: Caller): void {
  if (caller.kind !== 'token') throw new HubError('HUB_FORBIDDEN', '');
}

/** Who has a token may know whose it is. */
async function ownerModel(deps: ApiDeps, owner: Owner, caller: Caller) {
  const scopes = scopesOf(caller);
  if (owner.kind === 'service') {
    const service = await requireService(deps, owner.name);
    const seen = whoamiScopes(scopes, { kind: 'service', name: service.name });
    return serviceModel(service, seen, deps.places);
  }
  const user = await requireUser(deps, owner.user.name);
  return userModel(user, whoamiScopes(scopes, { kind: 'user', name: user.name }), deps.places);
}
