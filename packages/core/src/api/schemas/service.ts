import type { OptionsSchema } from '../../plugin/index.ts';
import { count, flag, model, ref, text, texts } from './common.ts';

/** Section 2.3. */
export const serviceFields = {
  kind: { const: 'service' },
  name: text,
  admin: flag,
  roles: texts,
  url: text,
  prefix: text,
  command: texts,
  pid: count,
  info: { type: 'object' },
  display: flag,
} as const;

export const serviceModels = {
  Service: model('A service as the caller may see it.', serviceFields, ['kind', 'name']),
  Services: { type: 'object', description: 'By name.', additionalProperties: ref('Service') },
} as const;

/** R109: created without a process, so `command` has to be empty. */
export const newServiceBody = {
  type: 'object',
  properties: {
    admin: flag,
    url: text,
    api_token: text,
    info: { type: 'object' },
    display: flag,
    oauth_client_allowed_scopes: texts,
    oauth_no_confirm: flag,
    oauth_client_id: text,
    oauth_redirect_uri: text,
    cwd: text,
    environment: { type: 'object' },
    user: text,
    command: { type: 'array' },
  },
  additionalProperties: false,
} as const satisfies OptionsSchema;
