import type { OptionsSchema } from '../../plugin/index.ts';
import { flag, instant, instantOrNull, model, ref, text, textOrNull, texts } from './common.ts';
import { listOrPage, pageQuery } from './pagination.ts';

/** Section 2.1. All but the first two are there only for callers who may see them. */
export const userFields = {
  kind: { const: 'user' },
  name: text,
  admin: flag,
  disabled: { ...flag, description: 'Only there, and true, for a user who is disabled.' },
  user_info: { type: ['object', 'null'] },
  groups: texts,
  roles: texts,
  server: { ...textOrNull, description: 'Path of the default server when it is ready.' },
  pending: { enum: ['spawn', 'stop', 'check', 'rename', null] },
  created: instant,
  last_activity: instantOrNull,
  auth_state: { type: ['object', 'null'] },
  servers: { type: 'object', description: 'By name.', additionalProperties: ref('Server') },
} as const;

const users = { type: 'array', items: ref('User') } as const;

export const userModels = {
  User: model('A user as the caller may see them.', userFields, ['kind', 'name']),
  Users: users,
  UserList: listOrPage(users),
} as const;

/** R39. */
const stopped = {
  include_stopped_servers: { type: 'string', description: 'Shows stopped servers too, unless 0 or false.' },
} as const;

export const oneUserQuery = { type: 'object', properties: stopped } as const satisfies OptionsSchema;

/** R50–R53. */
export const usersQuery = {
  type: 'object',
  properties: {
    ...pageQuery.properties,
    ...stopped,
    state: { type: 'string', enum: ['', 'active', 'inactive', 'ready'] },
    name_filter: { type: 'string', description: 'Part of the name, in any case.' },
    sort: { type: 'string', enum: ['id', '-id', 'name', '-name', 'last_activity', '-last_activity'] },
  },
} as const satisfies OptionsSchema;

/** Accepted from older clients, without effect (R56, R59). */
const ignored = { name: text, groups: texts, roles: texts, auth_state: { type: 'object' } } as const;

/** R56. */
export const newUsersBody = {
  type: 'object',
  properties: { usernames: { ...texts, minItems: 1 }, admin: flag, ...ignored },
  required: ['usernames'],
  additionalProperties: false,
} as const satisfies OptionsSchema;

/** R59. */
export const newUserBody = {
  type: 'object',
  properties: { admin: flag, ...ignored },
  additionalProperties: false,
} as const satisfies OptionsSchema;

/** R61. */
export const userChangeBody = {
  type: 'object',
  properties: { name: text, admin: flag, disabled: flag, auth_state: { type: 'object' } },
  additionalProperties: false,
} as const satisfies OptionsSchema;

/** R68, R69: times in any form of ISO 8601. */
export const activityBody = {
  type: 'object',
  properties: {
    last_activity: text,
    servers: {
      type: 'object',
      description: 'By name of the server.',
      additionalProperties: {
        type: 'object',
        properties: { last_activity: text },
        required: ['last_activity'],
      },
    },
  },
} as const satisfies OptionsSchema;
