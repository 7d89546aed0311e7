import {
  defaultRoles,
  expandScopes,
  holdsScope,
  ownerOfServer,
  parseScope,
  type Scope,
} from '../access/index.ts';
import { anyOf, type Context, empty, type HttpServer, json, on } from '../http/index.ts';
import { HubError, type JsonValue, type ServiceRecord } from '../plugin/index.ts';
import { checkService } from '../services/index.ts';
import { checkKeys, isObject, textList } from './body.ts';
import { type ApiDeps, actorOf, requireService, scopesOf } from './context.ts';
import { answers, newServiceBody } from './schemas/index.ts';
import { serviceModel } from './service-model.ts';

/** Services: list, read, create and delete (section 4.8). */
export function serviceRoutes({ api }: Pick<HttpServer, 'api'>, deps: ApiDeps): void {
  const { services, places } = deps;
  const one = ({ params }: { readonly params: { readonly name: string } }) => on.service(params.name);

  api.route('GET', '/services', {
    summary: 'List services',
    tags: ['services'],
    answers: answers({ 200: 'Services' }),
    scope: anyOf('list:services'),
    on: 'list',
    async handle({ caller }) {
      const scopes = scopesOf(caller);
      // Filters of other kinds match no service, and refuse nothing: that is for users and groups (R129).
      const list = await services.list(scopes.filter('list:services'));
      return json(
        Object.fromEntries(list.map((service) => [service.name, serviceModel(service, scopes, places)])),
      );
    },
  });

  api.route('GET', '/services/:name', {
    summary: 'Read a service',
    tags: ['services'],
    answers: answers({ 200: 'Service' }, 404),
    scope: anyOf('read:services', 'read:services:name', 'read:roles:services'),
    on: one,
    async handle({ params, caller }) {
      const service = await requireService(deps, params.name);
      return json(serviceModel(service, scopesOf(caller), places));
    },
  });

  api.route('POST', '/services/:name', {
    summary: 'Create a service',
    tags: ['services'],
    answers: answers({ 201: 'Service' }, 404, 409),
    accepts: { body: newServiceBody },
    scope: anyOf('admin:services'),
    on: one,
    async handle(context) {
      const { name } = context.params;
      const record = serviceRecord(name, context.body);
      const { account, problems } = checkService(record, {
        table: deps.table,
        baseUrl: places.baseUrl,
        isRole: (role) => deps.roleScopes(role) !== undefined,
      });
      if (problems.length > 0) throw bad(`Failed to create service ${name}: ${problems.join('; ')}`);
      await requireHeld(deps, context, record);
      const created = await services.create(actorOf(context), account);
      return json(serviceModel(created, scopesOf(context.caller), places), 201);
    },
  });

  api.route('DELETE', '/services/:name', {
    summary: 'Delete a service',
    tags: ['services'],
    answers: answers({ 200: null }, 404, 405),
    scope: anyOf('admin:services'),
    on: one,
    async handle(context) {
      await services.remove(actorOf(context), context.params.name);
      return empty(200, 'application/json');
    },
  });
}

/** R109: the names of the wire, as a record. @throws HubError 400. */
function serviceRecord(name: string, body: JsonValue | undefined): ServiceRecord {
  if (!isObject(body) || Object.keys(body).length === 0) throw bad('Invalid service data');
  checkKeys(body, newServiceBody);
  const text = (key: string) => (typeof body[key] === 'string' ? body[key] || undefined : undefined);
  const flag = (key: string) => (typeof body[key] === 'boolean' ? body[key] : undefined);
  if (Array.isArray(body.command) && body.command.length > 0) {
    throw bad(`Can not create managed service ${name} at runtime`);
  }
  const allowed = body.oauth_client_allowed_scopes;
  const oauth = {
    clientId: text('oauth_client_id'),
    redirectUri: text('oauth_redirect_uri'),
    allowedScopes: allowed === undefined ? undefined : textList(allowed, 'oauth_client_allowed_scopes'),
    noConfirm: flag('oauth_no_confirm'),
  };
  return {
    name,
    url: text('url'),
    apiToken: text('api_token'),
    admin: flag('admin'),
    info: isObject(body.info) ? body.info : undefined,
    display: flag('display'),
    oauth: Object.values(oauth).some((value) => value !== undefined) ? oauth : undefined,
  };
}

/** Nobody gives what they have not got (R110). @throws HubError 400. */
async function requireHeld(
  deps: ApiDeps,
  { caller }: Context,
  { admin, oauth }: ServiceRecord,
): Promise<void> {
  const scopes = scopesOf(caller);
  const missing = admin
    ? [...expandScopes(deps.table, defaultRoles.admin.scopes).without(scopes).toStrings()]
    : [];
  const wanted = (oauth?.allowedScopes ?? []).map(scopeOf);
  const users = new Set(wanted.flatMap(usersOf));
  const members =
    users.size > 0 ? await deps.grants.membershipOf(users) : { groupsOf: () => new Set<string>() };
  for (const [index, scope] of wanted.entries()) {
    if (!holdsScope(scopes, scope, members)) missing.push(oauth?.allowedScopes?.[index] ?? scope.base);
  }
  if (missing.length > 0)
    throw bad(`Not giving a service scopes that you do not hold: ${missing.join(', ')}`);
}

/** A shorthand may come to mean anybody: only who holds the scope without a filter holds it. */
function scopeOf(text: string): Scope {
  const parsed = parseScope(text);
  if (!parsed.ok) throw bad(parsed.problem);
  const { base, filter } = parsed.scope;
  return { base, filter: filter.type === 'shorthand' ? { type: 'all' } : filter };
}

function usersOf({ filter }: Scope): readonly string[] {
  if (filter.type !== 'named') return [];
  if (filter.kind === 'user') return [filter.name];
  return filter.kind === 'server' ? [ownerOfServer(filter.name)] : [];
}

function bad(message: string): HubError {
  return new HubError('HUB_BAD_REQUEST', message);
}
