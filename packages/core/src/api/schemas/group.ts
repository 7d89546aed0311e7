import type { OptionsSchema } from '../../plugin/index.ts';
import { model, ref, text, texts } from './common.ts';
import { listOrPage } from './pagination.ts';

const groups = { type: 'array', items: ref('Group') } as const;

export const groupModels = {
  Group: model(
    'A group as the caller may see it (section 2.3).',
    { kind: { const: 'group' }, name: text, users: texts, properties: { type: 'object' }, roles: texts },
    ['kind', 'name'],
  ),
  Groups: groups,
  GroupList: listOrPage(groups),
} as const;

/** `name` and `roles` are accepted without effect. */
const members = { name: text, users: texts, roles: texts } as const;

/** R102. */
export const newGroupsBody = {
  type: 'object',
  properties: { ...members, groups: { ...texts, minItems: 1 } },
  required: ['groups'],
  additionalProperties: false,
} as const satisfies OptionsSchema;

/** R103. */
export const newGroupBody = {
  type: 'object',
  properties: members,
  additionalProperties: false,
} as const satisfies OptionsSchema;

/** R104. */
export const membersBody = { ...newGroupBody, required: ['users'] } as const satisfies OptionsSchema;

/** R105: whatever they are. */
export const propertiesBody = { type: 'object', properties: {} } as const satisfies OptionsSchema;
