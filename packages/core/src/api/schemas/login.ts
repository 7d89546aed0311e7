import type { OptionsSchema } from '../../plugin/index.ts';
import { flag, instant, instantOrNull, model, ref, text } from './common.ts';

const fields = {
  id: { type: 'string', pattern: '^l[0-9]+$' },
  kind: { const: 'login' },
  user: text,
  authenticator: { ...text, description: 'Id of the authenticator the user came by.' },
  user_agent: { ...text, description: 'As the browser called itself.' },
  ip: text,
  created: instant,
  last_activity: instantOrNull,
  expires_at: instant,
  current: { ...flag, description: 'The login that asks.' },
} as const;

export const loginModels = {
  Login: model('A browser where a user is signed in, without its secret.', fields, [
    'id',
    'kind',
    'user',
    'authenticator',
    'user_agent',
    'ip',
    'created',
    'last_activity',
    'expires_at',
    'current',
  ]),
  Logins: model('The logins of a user, newest first.', { logins: { type: 'array', items: ref('Login') } }),
} as const;

/** What else goes when somebody is signed out everywhere. */
export const endLoginsBody = {
  type: 'object',
  properties: {
    tokens: { ...flag, description: 'All API tokens too, except those running servers live with.' },
  },
  additionalProperties: false,
} as const satisfies OptionsSchema;
