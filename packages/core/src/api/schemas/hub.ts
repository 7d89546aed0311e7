import type { OptionsSchema } from '../../plugin/index.ts';
import { flag, model, ref, text, textOrNull, texts } from './common.ts';
import { listOrPage } from './pagination.ts';
import { serviceFields } from './service.ts';
import { userFields } from './user.ts';

/** R46: what `GET /user` adds to the model of whoever asks. */
const asking = { token_id: textOrNull, session_id: textOrNull, scopes: texts } as const;
const askingAlways = ['token_id', 'session_id', 'scopes'] as const;
const part = model('A plugin.', { class: text, version: text });

export const hubModels = {
  Error: model('What went wrong (R15).', {
    status: { type: 'integer', minimum: 400, maximum: 599 },
    message: text,
  }),
  Version: model('R43.', { version: text }),
  Info: model('About the hub (R44).', {
    version: text,
    python: text,
    sys_executable: text,
    spawner: part,
    authenticator: part,
  }),
  Identity: {
    description: 'Who asks (R45, R46).',
    anyOf: [
      model('A user.', { ...userFields, ...asking }, ['kind', 'name', ...askingAlways]),
      model('A service.', { ...serviceFields, ...asking }, ['kind', 'name', ...askingAlways]),
    ],
  },
  Owner: { description: 'Whose token it is.', anyOf: [ref('User'), ref('Service')] },
  ProxyRoute: {
    type: 'object',
    description: 'A route of the proxy (R112).',
    properties: { routespec: text, target: text, data: { type: 'object' } },
    required: ['routespec', 'target', 'data'],
    additionalProperties: false,
  },
  ProxyTable: listOrPage({ type: 'object', additionalProperties: ref('ProxyRoute') }),
  ShuttingDown: model('The hub stops after this answer.', { message: text }),
  ApiDescription: {
    type: 'object',
    description: 'This document.',
    properties: { openapi: text },
    required: ['openapi', 'info', 'paths', 'components'],
  },
} as const;

/** R49. */
export const shutdownBody = {
  type: 'object',
  properties: { servers: flag, proxy: flag },
  additionalProperties: false,
} as const satisfies OptionsSchema;

/** R112. */
export const proxyBody = {
  type: 'object',
  properties: { api_url: text, auth_token: text },
  additionalProperties: false,
} as const satisfies OptionsSchema;
