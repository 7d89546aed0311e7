import type { OptionSchema } from '../../plugin/index.ts';

/** Cookies: how long a sign-in lasts and what signs it. */
export const cookiesSettings = {
  type: 'object',
  additionalProperties: false,
  default: {},
  properties: {
    maxAgeDays: {
      type: 'number',
      exclusiveMinimum: 0,
      default: 14,
      description: 'How long a sign-in lasts at most. Lowered, it holds for those there are.',
    },
    idleHours: {
      type: 'number',
      minimum: 0,
      default: 0,
      description: 'A sign-in that nobody uses for so long ends; 0 is no limit.',
    },
    options: {
      type: 'object',
      additionalProperties: true,
      default: {},
      description: 'Attributes of every cookie, such as `{ "samesite": "Lax" }`.',
    },
    hostPrefix: { type: 'boolean', default: false, description: 'Cookies get the `__Host-` prefix.' },
    secret: {
      type: 'string',
      default: '',
      secret: true,
      description: '32 bytes as hex that sign cookies.',
    },
    secretFile: {
      type: 'string',
      default: '',
      description: 'File with the same, out of reach of others. JPY_COOKIE_SECRET counts before it.',
    },
  },
} as const satisfies OptionSchema;

/** Lives of tokens. */
export const tokensSettings = {
  type: 'object',
  additionalProperties: false,
  default: {},
  properties: {
    maxSeconds: {
      type: 'integer',
      minimum: 0,
      default: 0,
      description: 'Longest life of a token of a user; 0 is no limit. Lowered, it holds for those there are.',
    },
    oauthSeconds: {
      type: 'integer',
      minimum: 0,
      default: 0,
      description: 'Life of an OAuth token; 0 is that of a sign-in.',
    },
    requirePkce: {
      type: 'boolean',
      default: false,
      description: 'OAuth clients must send a code challenge.',
    },
  },
} as const satisfies OptionSchema;
