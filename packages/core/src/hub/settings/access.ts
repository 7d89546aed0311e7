import type { OptionSchema } from '../../plugin/index.ts';
import { names } from './parts.ts';

/** Who may sign in. */
export const accessSettings = {
  type: 'object',
  additionalProperties: false,
  default: {},
  properties: {
    admins: {
      ...names,
      default: [],
      description: 'Names of the first authenticator, or `id:name`. Only ever adds.',
    },
    allowAll: { type: 'boolean', default: false, description: 'Everyone who can sign in may.' },
    allowed: { ...names, default: [], description: 'Names that may sign in.' },
    allowExisting: {
      anyOf: [{ type: 'boolean' }, { type: 'null' }],
      default: null,
      description: 'Users already there may; by default when `allowed` is not empty.',
    },
    blocked: { ...names, default: [], description: 'Names that may not, whatever else says so.' },
    userNamePattern: {
      type: 'string',
      default: '',
      description: 'Regular expression a whole name must match.',
    },
    nameMap: {
      type: 'object',
      additionalProperties: { type: 'string' },
      default: {},
      description: 'Other names for some, after normalisation.',
    },
  },
} as const satisfies OptionSchema;
