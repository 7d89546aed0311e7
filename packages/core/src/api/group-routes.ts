import { filterFor, type TargetOf, visibleGroupFields } from '../access/index.ts';
import type { GroupDetails } from '../accounts/index.ts';
import {
  anyOf,
  type Context,
  empty,
  type HttpServer,
  json,
  on,
  pageBody,
  readPage,
  refuseReservedKeys,
} from '../http/index.ts';
import { HubError, type JsonObject, type JsonValue } from '../plugin/index.ts';
import { checkKeys, isObject, objectBody, textList } from './body.ts';
import { type ApiDeps, actorOf, scopesOf } from './context.ts';
import {
  answers,
  membersBody,
  newGroupBody,
  newGroupsBody,
  pageQuery,
  propertiesBody,
} from './schemas/index.ts';

/** Groups: list, create, read, delete, members, properties (section 4.7). */
export function groupRoutes({ api }: Pick<HttpServer, 'api'>, { groups, pageLimits }: ApiDeps): void {
  const one = ({ params }: { readonly params: { readonly group: string } }) => on.group(params.group);

  api.route('GET', '/groups', {
    summary: 'List groups',
    tags: ['groups'],
    answers: answers({ 200: 'GroupList' }),
    accepts: { query: pageQuery },
    scope: anyOf('list:groups'),
    on: 'list',
    async handle(context) {
      const page = readPage(context.query, context.headers.accept, pageLimits);
      const access = filterFor(scopesOf(context.caller), 'list:groups', ['group']);
      if (access.kind === 'unexpected') throw new HubError('HUB_FORBIDDEN', '');
      const { items, total } = await groups.page({ access, offset: page.offset, limit: page.limit });
      const models = items.map((group) => groupModel(group, context));
      return json(pageBody(models, total, page, new URL(context.url, context.origin)));
    },
  });

  api.route('POST', '/groups', {
    summary: 'Create groups',
    tags: ['groups'],
    answers: answers({ 201: 'Groups' }, 409),
    accepts: { body: newGroupsBody },
    scope: anyOf('admin:groups'),
    async handle(context) {
      const { names, users } = newGroups(context.body);
      const created = await groups.create(actorOf(context), names, users);
      return json(
        created.map((group) => groupModel(group, context)),
        201,
      );
    },
  });

  api.route('GET', '/groups/:group', {
    summary: 'Read a group',
    tags: ['groups'],
    answers: answers({ 200: 'Group' }, 404),
    scope: anyOf('read:groups', 'read:groups:name', 'read:roles:groups'),
    on: one,
    async handle(context) {
      return json(groupModel(await groups.require(context.params.group), context));
    },
  });

  api.route('POST', '/groups/:group', {
    summary: 'Create a group',
    tags: ['groups'],
    answers: answers({ 201: 'Group' }, 404, 409),
    accepts: { body: newGroupBody },
    bodyOptional: true,
    scope: anyOf('admin:groups'),
    on: one,
    async handle(context) {
      const users = context.body === undefined || context.body === null ? [] : membersOf(context.body);
      const [created] = await groups.create(actorOf(context), [context.params.group], users);
      return json(created && groupModel(created, context), 201);
    },
  });

  api.route('DELETE', '/groups/:group', {
    summary: 'Delete a group',
    tags: ['groups'],
    answers: answers({ 204: null }, 404),
    scope: anyOf('delete:groups'),
    on: one,
    async handle(context) {
      await groups.remove(actorOf(context), context.params.group);
      return empty(204);
    },
  });

  api.route('POST', '/groups/:group/users', {
    summary: 'Add members',
    tags: ['groups'],
    answers: answers({ 200: 'Group' }, 404),
    accepts: { body: membersBody },
    scope: anyOf('groups'),
    on: one,
    async handle(context) {
      const users = namedMembers(context.body, 'Must specify users to add');
      return json(
        groupModel(await groups.addMembers(actorOf(context), context.params.group, users), context),
      );
    },
  });

  api.route('DELETE', '/groups/:group/users', {
    summary: 'Remove members',
    tags: ['groups'],
    answers: answers({ 200: 'Group' }, 404),
    accepts: { body: membersBody },
    scope: anyOf('groups'),
    on: one,
    async handle(context) {
      const users = namedMembers(context.body, 'Must specify users to delete');
      return json(
        groupModel(await groups.removeMembers(actorOf(context), context.params.group, users), context),
      );
    },
  });

  api.route('PUT', '/groups/:group/properties', {
    summary: 'Replace the properties of a group',
    tags: ['groups'],
    answers: answers({ 200: 'Group' }, 404),
    accepts: { body: propertiesBody },
    scope: anyOf('groups'),
    on: one,
    async handle(context) {
      const properties = objectBody(context.body, 'Must specify properties');
      refuseReservedKeys(properties);
      return json(
        groupModel(await groups.setProperties(actorOf(context), context.params.group, properties), context),
      );
    },
  });
}

/** A group as this caller may see it (section 2.3). */
function groupModel(group: GroupDetails, { caller }: Pick<Context, 'caller'>): JsonObject {
  const { name, users, properties, roles } = group;
  const target: TargetOf<'group'> = { kind: 'group', group: name };
  const values = { kind: 'group', name, users, properties, roles } as const;
  const fields = visibleGroupFields(scopesOf(caller), target);
  return Object.fromEntries([...fields].map((field) => [field, values[field]]));
}

/** R102: names, and members they all get. */
function newGroups(body: JsonValue | undefined): {
  readonly names: readonly string[];
  readonly users: readonly string[];
} {
  const none = 'Must specify at least one group to create';
  if (!isObject(body) || !body.groups) throw new HubError('HUB_BAD_REQUEST', none);
  checkKeys(body, newGroupsBody);
  const names = textList(body.groups, 'groups');
  if (names.length === 0) throw new HubError('HUB_BAD_REQUEST', none);
  return { names, users: body.users === undefined ? [] : textList(body.users, 'users') };
}

/** R103: the same body, where members are not a must. */
function membersOf(body: JsonValue): readonly string[] {
  const group = objectBody(body, 'body must be a json dict');
  checkKeys(group, newGroupBody);
  return group.users === undefined ? [] : textList(group.users, 'users');
}

/** R104. */
function namedMembers(body: JsonValue | undefined, missing: string): readonly string[] {
  const wish = objectBody(body, missing);
  checkKeys(wish, membersBody);
  if (wish.users === undefined) throw new HubError('HUB_BAD_REQUEST', missing);
  return textList(wish.users, 'users');
}
