import type { OptionSchema } from '../../plugin/index.ts';
import { names, seconds } from './parts.ts';

/** Where people land. */
export const pagesSettings = {
  type: 'object',
  additionalProperties: false,
  default: {},
  properties: {
    defaultUrl: {
      type: 'string',
      default: '',
      description: 'Where people land after signing in. Empty: their server.',
    },
    redirectToServer: {
      type: 'boolean',
      default: true,
      description: 'After signing in, start and open the own server rather than home.',
    },
    defaultServerName: { type: 'string', default: '', description: 'Server `user-redirect` leads to.' },
  },
} as const satisfies OptionSchema;

/** What requests may be and what answers carry. */
export const httpSettings = {
  type: 'object',
  additionalProperties: false,
  default: {},
  properties: {
    headers: {
      type: 'object',
      additionalProperties: { type: 'string' },
      default: {},
      description: 'Headers of every answer; they win over ours.',
    },
    trustRealIp: {
      type: 'boolean',
      default: false,
      description:
        'X-Real-Ip names the client. Only where something in front of the proxy sets it on every request: the proxy passes on what clients send.',
    },
    trustedProxies: { ...names, default: [], description: 'Addresses skipped in X-Forwarded-For.' },
    bodyLimit: {
      type: 'integer',
      minimum: 1024,
      default: 1_048_576,
      description: 'Bytes of a request body.',
    },
    requestTimeout: { ...seconds, default: 60, description: 'Limit for receiving one request.' },
    pageLimit: {
      type: 'integer',
      minimum: 1,
      default: 50,
      description: 'Entries of a page of a list (`api_page_default_limit`).',
    },
    pageMaxLimit: {
      type: 'integer',
      minimum: 1,
      default: 200,
      description: 'Entries of a page at most (`api_page_max_limit`).',
    },
  },
} as const satisfies OptionSchema;
