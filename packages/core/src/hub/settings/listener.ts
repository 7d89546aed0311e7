import type { OptionSchema } from '../../plugin/index.ts';
import { origin } from './parts.ts';

/** Where the hub listens and how others reach it. */
export const listenerSettings = {
  type: 'object',
  additionalProperties: false,
  default: {},
  properties: {
    ip: { type: 'string', default: '127.0.0.1', description: "Address of the hub's own listener." },
    port: {
      type: 'integer',
      minimum: 0,
      maximum: 65535,
      default: 8081,
      description: 'Its port; 0 picks a free one.',
    },
    connectUrl: {
      type: 'string',
      default: '',
      description: `What servers and services are given to reach the hub: ${origin}.`,
    },
    balancerUrl: {
      type: 'string',
      default: '',
      description: `What the proxy sends requests to instead of this hub: ${origin}.`,
    },
  },
} as const satisfies OptionSchema;
