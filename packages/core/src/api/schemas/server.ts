import type { OptionsSchema } from '../../plugin/index.ts';
import { flag, instantOrNull, model, text, textOrNull } from './common.ts';

const fields = {
  name: text,
  display_name: text,
  full_name: text,
  last_activity: instantOrNull,
  started: instantOrNull,
  pending: { enum: ['spawn', 'stop', 'check', 'rename', null] },
  ready: flag,
  stopped: flag,
  url: text,
  user_options: { type: ['object', 'null'] },
  progress_url: text,
  full_url: textOrNull,
  full_progress_url: textOrNull,
  state: { type: ['object', 'null'] },
  unreachable: {
    const: true,
    description: 'Ours: no hub of its machine lives; read of a single server only.',
  },
} as const;

const { state: _, unreachable: __, ...always } = fields;

export const serverModels = {
  Server: model(
    'A server (section 2.2). `state` only for those who hold admin:server_state.',
    fields,
    Object.keys(always) as (keyof typeof always)[], // what Object.keys of a literal's rest gives
  ),
  ProgressEvent: {
    type: 'object',
    description: 'One step of a start; the last one has `ready` or `failed` (R88–R90).',
    properties: {
      progress: { type: 'number', minimum: 0, maximum: 100 },
      message: text,
      html_message: text,
      ready: { const: true },
      failed: { const: true },
      url: text,
      cause: { ...text, description: 'Of a failure: a word for programs, such as `exited` or `timeout`.' },
      hint: { ...text, description: 'Of a failure: what the owner can do.' },
      reference: { ...text, description: 'Of a failure: names the attempt to those who help, `ada/gpu#14`.' },
      queue: { type: 'integer', minimum: 0, description: 'While it waits: how many starts come before it.' },
    },
  },
} as const;

const nullable = <T extends 'string' | 'object'>(type: T) =>
  ({ anyOf: [{ type }, { type: 'null' }] }) as const;

/** R75: with neither of the two, the whole body is taken for `user_options`. */
export const newServerBody = {
  type: 'object',
  properties: { display_name: text, user_options: nullable('object') },
} as const satisfies OptionsSchema;

/** R82. */
export const serverChangeBody = {
  type: 'object',
  properties: {
    name: nullable('string'),
    display_name: nullable('string'),
    user_options: { type: 'object' },
  },
  additionalProperties: false,
} as const satisfies OptionsSchema;

/** R83. */
export const stopBody = {
  type: 'object',
  properties: {
    remove: flag,
    force: {
      ...flag,
      description:
        'Ours: give it up when it cannot be stopped; needs admin:servers. Something may still run.',
    },
  },
} as const satisfies OptionsSchema;

/** Ours. */
export const logQuery = {
  type: 'object',
  properties: {
    bytes: {
      type: 'string',
      pattern: '^[1-9][0-9]{0,8}$',
      description: 'How much of its end at most: 16384 unless given, 65536 at most.',
    },
  },
} as const satisfies OptionsSchema;
