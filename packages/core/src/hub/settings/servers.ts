import type { OptionSchema } from '../../plugin/index.ts';
import { seconds } from './parts.ts';

/** How many servers there may be, and how long others wait for them. */
export const serversSettings = {
  type: 'object',
  additionalProperties: false,
  default: {},
  properties: {
    named: { type: 'boolean', default: false, description: 'People may have several servers.' },
    limit: {
      type: 'integer',
      minimum: 0,
      default: 0,
      description: 'Named servers each; 0 is no limit. `hooks.namedServerLimit` may tell for each user.',
    },
    invalidNames: {
      enum: ['allow-start', 'allow-delete'],
      default: 'allow-start',
      description:
        'What may be done with a server that has a name no new one may have; it can always be renamed.',
    },
    consecutiveFailureLimit: {
      type: 'integer',
      minimum: 0,
      default: 0,
      description:
        'After so many starts in a row that failed by a fault, none refused, the hub stops with status 1; servers go on. 0 never.',
    },
    concurrentStarts: {
      type: 'integer',
      minimum: 0,
      default: 100,
      description: 'Starts at once in all hubs; 0 is no limit.',
    },
    queueLimit: {
      type: 'integer',
      minimum: 0,
      default: 1000,
      description: 'Starts that may wait; 0 refuses instead.',
    },
    activeLimit: {
      type: 'integer',
      minimum: 0,
      default: 0,
      description: 'Active servers in all; 0 is no limit.',
    },
    slowStart: {
      type: 'number',
      minimum: 0,
      default: 10,
      description: 'A request waits this long for its start.',
    },
    slowStop: {
      type: 'number',
      minimum: 0,
      default: 10,
      description: 'A request waits this long for its stop.',
    },
    retryAfter: {
      type: 'array',
      items: { type: 'integer', minimum: 1 },
      minItems: 2,
      maxItems: 2,
      default: [30, 60],
      description:
        'Range of `Retry-After` when a start is refused because too many wait (`spawn_throttle_retry_range`).',
    },
    hookTimeout: { ...seconds, default: 30, description: 'Limit of a hook.' },
    formLimit: {
      type: 'integer',
      minimum: 1024,
      default: 10_485_760,
      description: 'Bytes of a submitted options form with its files.',
    },
    shutdownOnLogout: {
      type: 'boolean',
      default: false,
      description: 'Signing out stops the own servers, unless they are just starting or stopping.',
    },
    keep: {
      type: 'boolean',
      default: false,
      description: 'Servers outlive a stop of the hub, and the proxy with them.',
    },
    implicitStartSeconds: {
      type: 'number',
      minimum: 0,
      default: 0,
      description: 'The page of a stopped server starts it after this; 0 never.',
    },
    redirectLimit: {
      type: 'integer',
      minimum: 0,
      default: 4,
      description: 'Redirects to a server whose route is late.',
    },
  },
} as const satisfies OptionSchema;
