import { allows, filterFor } from '../access/index.ts';
import type { UserChange, UserDetails, UserQuery } from '../accounts/index.ts';
import { changeUser, createUsers, removeUser } from '../actions/index.ts';
import {
  anyOf,
  type Context,
  empty,
  type HttpServer,
  json,
  on,
  ownerOf,
  pageBody,
  readPage,
} from '../http/index.ts';
import { HubError, type JsonValue } from '../plugin/index.ts';
import { checkKeys, isObject, objectBody, textList } from './body.ts';
import { type ApiDeps, actorOf, requireUser, scopesOf } from './context.ts';
import { userModel } from './models.ts';
import {
  activityBody,
  answers,
  newUserBody,
  newUsersBody,
  oneUserQuery,
  userChangeBody,
  usersQuery,
} from './schemas/index.ts';

const readScopes = anyOf(
  'read:users',
  'read:users:name',
  'read:servers',
  'read:users:groups',
  'read:users:activity',
  'read:roles:users',
);

/** Users: list, create, read, delete, activity (sections 4.2 and 4.3). */
export function userRoutes({ api }: Pick<HttpServer, 'api'>, deps: ApiDeps): void {
  const { users, places } = deps;
  const one = ({ params }: { readonly params: { readonly name: string } }) => on.user(params.name);

  api.route('GET', '/users', {
    summary: 'List users',
    tags: ['users'],
    answers: answers({ 200: 'UserList' }),
    accepts: { query: usersQuery },
    scope: anyOf('list:users'),
    on: 'list',
    async handle(context) {
      const page = readPage(context.query, context.headers.accept, deps.pageLimits);
      const { items, total } = await users.page({
        ...userQuery(context),
        offset: page.offset,
        limit: page.limit,
      });
      const stoppedServers = truthy(context.query.include_stopped_servers);
      const models = items.map((user) =>
        userModel(user, scopesOf(context.caller), places, { stoppedServers }),
      );
      return json(pageBody(models, total, page, new URL(context.url, context.origin)));
    },
  });

  api.route('POST', '/users', {
    summary: 'Create users',
    tags: ['users'],
    answers: answers({ 201: 'Users' }, 409),
    accepts: { body: newUsersBody },
    scope: anyOf('admin:users'),
    async handle(context) {
      const { usernames, admin } = newUsers(context.body);
      if (admin) requireAdmin(context);
      const names = await users.normalise(usernames);
      const { created } = await createUsers(deps, actorOf(context), names, admin, true);
      if (created.length === 0) {
        throw new HubError('HUB_CONFLICT', `All ${names.length} users already exist`);
      }
      return json(
        await models(
          deps,
          context,
          created.map(({ name }) => name),
        ),
        201,
      );
    },
  });

  api.route('GET', '/users/:name', {
    summary: 'Read a user',
    tags: ['users'],
    answers: answers({ 200: 'User' }, 404),
    accepts: { query: oneUserQuery },
    scope: readScopes,
    on: one,
    async handle(context) {
      const { params, caller, query } = context;
      const user = await requireUser(deps, params.name);
      const stoppedServers = truthy(query.include_stopped_servers);
      const authState = await readableAuthState(deps, user, context);
      return json(userModel(user, scopesOf(caller), places, { stoppedServers, authState }));
    },
  });

  api.route('POST', '/users/:name', {
    summary: 'Create a user',
    tags: ['users'],
    answers: answers({ 201: 'User' }, 404, 409),
    accepts: { body: newUserBody },
    bodyOptional: true,
    scope: anyOf('admin:users'),
    on: one,
    async handle(context) {
      const { name } = context.params;
      const admin = newUser(context.body);
      if (admin) requireAdmin(context);
      await users.requireNormal(name);
      const { created } = await createUsers(deps, actorOf(context), [name], admin, false);
      if (created.length === 0) throw new HubError('HUB_CONFLICT', `User ${name} already exists`);
      return json((await models(deps, context, [name]))[0], 201);
    },
  });

  api.route('PATCH', '/users/:name', {
    summary: 'Change a user: name, admin flag, auth state, disabled or not',
    tags: ['users'],
    answers: answers({ 200: 'User' }, 404),
    accepts: { body: userChangeBody },
    scope: anyOf('admin:users'),
    on: one,
    async handle(context) {
      const user = await requireUser(deps, context.params.name);
      const wish = userChange(context.body);
      if (!isAdmin(context)) {
        if (user.admin) throw new HubError('HUB_FORBIDDEN', 'Only admins can modify other admins');
        if (wish.admin) requireAdmin(context);
      }
      if (wish.disabled && isOneself(context, user.name)) {
        throw new HubError('HUB_BAD_REQUEST', 'Cannot disable yourself!');
      }
      const changed = await changeUser(deps, actorOf(context), user, wish);
      // The caller was let to the user under the name of the path: what they see goes by that one.
      const seen = userModel({ ...changed, name: user.name }, scopesOf(context.caller), places);
      return json({ ...seen, name: changed.name, auth_state: await users.authState(changed) });
    },
  });

  api.route('DELETE', '/users/:name', {
    summary: 'Delete a user',
    tags: ['users'],
    answers: answers({ 204: null }, 404),
    scope: anyOf('delete:users'),
    on: one,
    async handle(context) {
      if (isOneself(context, context.params.name))
        throw new HubError('HUB_BAD_REQUEST', 'Cannot delete yourself!');
      const user = await requireUser(deps, context.params.name);
      await removeUser(deps, actorOf(context), user);
      return empty(204);
    },
  });

  // R85: what it granted has not been needed since there is OAuth.
  api.route('POST', '/users/:name/admin-access', {
    summary: 'Let an administrator into a server (deprecated)',
    tags: ['users'],
    answers: answers({}, 403, 404),
    scope: anyOf('servers'),
    on: one,
    handle() {
      throw new HubError('HUB_FORBIDDEN', 'admin access to user servers disabled');
    },
  });

  api.route('POST', '/users/:name/activity', {
    summary: 'Report activity of a user and their servers',
    tags: ['users'],
    answers: answers({ 200: null }, 404),
    accepts: { body: activityBody },
    scope: anyOf('users:activity'),
    on: one,
    quiet: true,
    async handle({ params, body }) {
      const report = objectBody(body, 'body must be a json dict');
      await deps.activity.report(params.name, {
        lastActivity: report.last_activity,
        servers: report.servers,
      });
      return empty(200, 'application/json');
    },
  });
}

/** R50–R54. @throws HubError 400, or 403 for a holding this list cannot follow. */
function userQuery({ query, caller }: Context): Omit<UserQuery, 'offset' | 'limit'> {
  const state = query.state || null;
  if (state !== null && state !== 'active' && state !== 'inactive' && state !== 'ready') {
    throw new HubError('HUB_BAD_REQUEST', `Unrecognized state filter: '${state}'`);
  }
  const access = filterFor(scopesOf(caller), 'list:users', ['user', 'group']);
  if (access.kind === 'unexpected') throw new HubError('HUB_FORBIDDEN', '');
  return { access, state, nameFilter: query.name_filter ?? '', sort: sortOf(query.sort ?? 'id') };
}

function sortOf(text: string): UserQuery['sort'] {
  const by = text.replace(/^-/, '');
  if (by === 'id' || by === 'name' || by === 'last_activity') return { by, descending: text.startsWith('-') };
  throw new HubError('HUB_BAD_REQUEST', `sort must be 'id', 'name', or 'last_activity', not '${text}'`);
}

function newUsers(body: JsonValue | undefined): {
  readonly usernames: readonly string[];
  readonly admin: boolean;
} {
  if (!isObject(body) || body.usernames === undefined) {
    throw new HubError('HUB_BAD_REQUEST', 'Must specify at least one user to create');
  }
  checkKeys(body, newUsersBody);
  const usernames = textList(body.usernames, 'usernames');
  if (usernames.length === 0)
    throw new HubError('HUB_BAD_REQUEST', 'Must specify at least one user to create');
  return { usernames, admin: body.admin === true };
}

function newUser(body: JsonValue | undefined): boolean {
  if (body === undefined || body === null) return false;
  const wish = objectBody(body, 'body must be a json dict');
  checkKeys(wish, newUserBody);
  return wish.admin === true;
}

/** R61. */
function userChange(body: JsonValue | undefined): UserChange & { readonly disabled?: boolean } {
  const wish = objectBody(body, 'body must be a json dict');
  checkKeys(wish, userChangeBody);
  const { name, admin, disabled, auth_state: authState } = wish;
  return {
    ...(typeof name === 'string' && { name }),
    ...(typeof admin === 'boolean' && { admin }),
    ...(typeof disabled === 'boolean' && { disabled }),
    ...(isObject(authState) && { authState }),
  };
}

function isOneself({ caller }: Pick<Context, 'caller'>, user: string): boolean {
  const owner = ownerOf(caller);
  return (owner?.kind === 'user' ? owner.user.name : owner?.name) === user;
}

/** R67: the flag of whoever asks decides, not a scope. */
function isAdmin({ caller }: Pick<Context, 'caller'>): boolean {
  const owner = ownerOf(caller);
  return owner !== null && (owner.kind === 'user' ? owner.user.admin : owner.admin);
}

function requireAdmin(context: Pick<Context, 'caller'>): void {
  if (!isAdmin(context)) throw new HubError('HUB_FORBIDDEN', 'Only admins can grant admin permissions');
}

/** Section 2.1: read only for those who may see it. */
async function readableAuthState(
  { users }: ApiDeps,
  user: UserDetails,
  { caller }: Pick<Context, 'caller'>,
): Promise<JsonValue> {
  const target = { kind: 'user', user: user.name, groups: new Set(user.groups) } as const;
  return allows(scopesOf(caller), 'admin:auth_state', target) ? users.authState(user) : null;
}

async function models(deps: ApiDeps, { caller }: Context, names: readonly string[]) {
  const found = await deps.users.named(names);
  return found.map((user) => userModel(user, scopesOf(caller), deps.places));
}

/** R39: present, and neither `0` nor `false`. */
function truthy(value: string | undefined): boolean {
  return value !== undefined && !['0', 'false'].includes(value.toLowerCase());
}
