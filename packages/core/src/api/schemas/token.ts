import type { OptionsSchema } from '../../plugin/index.ts';
import { instant, instantOrNull, model, ref, text, textOrNull, texts } from './common.ts';

const fields = {
  user: text,
  service: text,
  id: { type: 'string', pattern: '^a[0-9]+$' },
  kind: { const: 'api_token' },
  roles: { ...texts, maxItems: 0 },
  scopes: { ...texts, description: 'What it is good for now.' },
  created: instant,
  last_activity: instantOrNull,
  expires_at: instantOrNull,
  note: text,
  session_id: textOrNull,
  oauth_client: text,
} as const;

const always = [
  'id',
  'kind',
  'roles',
  'scopes',
  'created',
  'last_activity',
  'expires_at',
  'note',
  'session_id',
  'oauth_client',
] as const;

export const tokenModels = {
  Token: model('A token without its secret (section 2.3).', fields, always),
  NewToken: model(
    'A token with its secret, told once (R99).',
    { ...fields, token: { type: 'string', pattern: '^[0-9a-f]{32}$' } },
    [...always, 'token'],
  ),
  Tokens: model('The tokens of a user (R100).', { api_tokens: { type: 'array', items: ref('Token') } }),
} as const;

const textsOrNull = { anyOf: [texts, { type: 'null' }] } as const;

/** R94–R96; `auth` holds the credentials of a caller who has no others (R93). */
export const newTokenBody = {
  type: 'object',
  properties: {
    note: text,
    expires_in: { anyOf: [{ type: 'integer', minimum: 1 }, { type: 'null' }], description: 'Seconds.' },
    scopes: textsOrNull,
    roles: textsOrNull,
    auth: { type: 'object', additionalProperties: text },
  },
} as const satisfies OptionsSchema;
