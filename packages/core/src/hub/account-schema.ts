import type { OptionsSchema } from '../plugin/index.ts';

const names = { type: 'array', items: { type: 'string', minLength: 1 } } as const;

/** The shape of what a configuration says about roles, groups and services; unknown keys are mistakes (W94). */
export const accountSchema = {
  type: 'object',
  properties: {
    roles: {
      type: 'array',
      default: [],
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name'],
        properties: {
          name: { type: 'string' },
          description: { type: 'string', maxLength: 1023 },
          scopes: names,
          users: names,
          groups: names,
          services: names,
        },
      },
    },
    groups: {
      type: 'object',
      default: {},
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        properties: { users: names, properties: { type: 'object', additionalProperties: true } },
      },
    },
    services: {
      type: 'array',
      default: [],
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name'],
        properties: {
          name: { type: 'string' },
          url: { type: 'string', maxLength: 2047 },
          apiToken: { type: 'string', minLength: 8, maxLength: 64, secret: true },
          roles: names,
          admin: { type: 'boolean' },
          oauth: {
            type: 'object',
            additionalProperties: false,
            properties: {
              clientId: { type: 'string', minLength: 1 },
              redirectUri: { type: 'string', minLength: 1 },
              allowedScopes: names,
              noConfirm: { type: 'boolean' },
            },
          },
          info: { type: 'object', additionalProperties: true },
          display: { type: 'boolean' },
          timeout: { type: 'integer', minimum: 1, maximum: 3600 },
        },
      },
    },
    customScopes: { type: 'object', default: {}, additionalProperties: true },
  },
} as const satisfies OptionsSchema;
