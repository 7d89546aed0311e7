import type { BuiltInScope } from './built-in-scopes.ts';
import { allows } from './decision.ts';
import type { Target } from './filter.ts';
import type { ScopeSet } from './scope-set.ts';

type FieldsByScope<Field extends string> = readonly (readonly [
  scope: BuiltInScope,
  fields: readonly Field[],
])[];

/** Fields of a user in answers of the REST API (section 2.1). */
export type UserField =
  | 'kind'
  | 'name'
  | 'admin'
  | 'user_info'
  | 'groups'
  | 'roles'
  | 'server'
  | 'pending'
  | 'created'
  | 'last_activity'
  | 'auth_state'
  | 'servers';

const userFields: FieldsByScope<UserField> = [
  [
    'read:users',
    [
      'kind',
      'name',
      'admin',
      'user_info',
      'groups',
      'roles',
      'server',
      'pending',
      'created',
      'last_activity',
    ],
  ],
  ['read:users:name', ['kind', 'name', 'admin', 'user_info']],
  ['read:users:groups', ['kind', 'name', 'groups']],
  ['read:users:activity', ['kind', 'name', 'last_activity']],
  ['read:roles:users', ['kind', 'name', 'admin', 'roles']],
  ['read:servers', ['kind', 'name', 'servers']],
  ['admin:auth_state', ['kind', 'name', 'auth_state']],
];

/** Fields of a group (section 2.3). */
export type GroupField = 'kind' | 'name' | 'users' | 'properties' | 'roles';

const groupFields: FieldsByScope<GroupField> = [
  ['read:groups', ['kind', 'name', 'users', 'properties']],
  ['read:groups:name', ['kind', 'name']],
  ['read:roles:groups', ['kind', 'name', 'roles']],
];

/** Fields of a service (section 2.3). */
export type ServiceField =
  | 'kind'
  | 'name'
  | 'admin'
  | 'roles'
  | 'url'
  | 'prefix'
  | 'command'
  | 'pid'
  | 'info'
  | 'display';

const serviceFields: FieldsByScope<ServiceField> = [
  ['read:services', ['kind', 'name', 'admin', 'url', 'prefix', 'command', 'pid', 'info', 'display']],
  ['read:services:name', ['kind', 'name', 'admin']],
  ['read:roles:services', ['kind', 'name', 'admin', 'roles']],
];

/** Fields of a server (section 2.2). */
export type ServerField =
  | 'name'
  | 'display_name'
  | 'full_name'
  | 'last_activity'
  | 'started'
  | 'pending'
  | 'ready'
  | 'stopped'
  | 'url'
  | 'user_options'
  | 'progress_url'
  | 'full_url'
  | 'full_progress_url'
  | 'state';

const openServerFields: readonly ServerField[] = [
  'name',
  'display_name',
  'full_name',
  'last_activity',
  'started',
  'pending',
  'ready',
  'stopped',
  'url',
  'user_options',
  'progress_url',
  'full_url',
  'full_progress_url',
];

/** One kind of target. */
export type TargetOf<Kind extends Target['kind']> = Extract<Target, { readonly kind: Kind }>;

/**
 * Fields of this one user that the holder may see (R38); empty means the user must not be shown at all. Without
 * `servers` that field still appears when {@link seesServer} holds for one of the servers (R39).
 */
export function visibleUserFields(scopes: ScopeSet, user: TargetOf<'user'>): ReadonlySet<UserField> {
  return fieldsOf(userFields, scopes, user);
}

/** Fields of this group that the holder may see. */
export function visibleGroupFields(scopes: ScopeSet, group: TargetOf<'group'>): ReadonlySet<GroupField> {
  return fieldsOf(groupFields, scopes, group);
}

/** Fields of this service that the holder may see. */
export function visibleServiceFields(
  scopes: ScopeSet,
  service: TargetOf<'service'>,
): ReadonlySet<ServiceField> {
  return fieldsOf(serviceFields, scopes, service);
}

/** May the server appear in the `servers` of its owner (R39)? */
export function seesServer(scopes: ScopeSet, server: TargetOf<'server'>): boolean {
  return allows(scopes, 'read:servers', server);
}

/**
 * Fields of a server that the holder has been let to: all, `state` only with `admin:server_state`. Does not ask
 * for `read:servers`: who has just created or started a server gets its model by that right (R77).
 */
export function visibleServerFields(scopes: ScopeSet, server: TargetOf<'server'>): ReadonlySet<ServerField> {
  const fields = new Set(openServerFields);
  if (allows(scopes, 'admin:server_state', server)) fields.add('state');
  return fields;
}

function fieldsOf<Field extends string>(
  table: FieldsByScope<Field>,
  scopes: ScopeSet,
  target: Target,
): ReadonlySet<Field> {
  const visible = new Set<Field>();
  for (const [scope, fields] of table) {
    if (allows(scopes, scope, target)) for (const field of fields) visible.add(field);
  }
  return visible;
}
