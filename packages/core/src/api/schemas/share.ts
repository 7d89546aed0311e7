import type { OptionsSchema } from '../../plugin/index.ts';
import { count, flag, instant, instantOrNull, model, ref, text, textOrNull, texts } from './common.ts';
import { page, pageQuery } from './pagination.ts';

const named = { anyOf: [model('By name.', { name: text }), { type: 'null' }] } as const;

const code = {
  server: ref('SharedServer'),
  scopes: texts,
  id: { type: 'string', pattern: '^sc_[0-9]+$' },
  created_at: instant,
  expires_at: instant,
  exchange_count: count,
  last_exchanged_at: instantOrNull,
} as const;

/** Section 2.4. */
export const shareModels = {
  SharedServer: model('A server as those see it who share it.', {
    user: model('Its owner.', { name: text }),
    name: text,
    url: text,
    full_url: textOrNull,
    ready: flag,
  }),
  Share: model('What a user or a group may do with a server of somebody else.', {
    server: ref('SharedServer'),
    scopes: texts,
    user: named,
    group: named,
    kind: { enum: ['user', 'group'] },
    created_at: instant,
  }),
  ShareList: page({ type: 'array', items: ref('Share') }),
  ShareLeft: {
    anyOf: [ref('Share'), { type: 'object', maxProperties: 0 }],
    description: 'What is left of a share; empty when nothing is (R117).',
  },
  ShareCode: model('A code that shares a server with whoever has it.', code),
  ShareCodeList: page({ type: 'array', items: ref('ShareCode') }),
  NewShareCode: model('A share code with the code itself, told once (R121).', {
    ...code,
    code: text,
    accept_url: text,
    full_accept_url: textOrNull,
  }),
} as const;

const textOrNothing = { anyOf: [text, { type: 'null' }] } as const;
const scopes = { anyOf: [texts, { type: 'null' }] } as const;

/** R114, R117: exactly one of `user` and `group`. */
export const shareBody = {
  type: 'object',
  properties: { user: textOrNothing, group: textOrNothing, scopes },
  additionalProperties: false,
} as const satisfies OptionsSchema;

/** R121. */
export const newShareCodeBody = {
  type: 'object',
  properties: {
    scopes,
    expires_in: { type: 'integer', minimum: 60, maximum: 31_536_000, description: 'Seconds.' },
  },
  additionalProperties: false,
} as const satisfies OptionsSchema;

/** R121: which codes to delete; without either of the two, all of the server. */
export const codesQuery = {
  type: 'object',
  properties: { code: text, id: text },
} as const satisfies OptionsSchema;

export const sharesQuery = pageQuery;
