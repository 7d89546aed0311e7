import type { OptionSchema } from '../../plugin/index.ts';
import { names } from './parts.ts';

/** Encryption between the parts of a hub. */
export const internalTlsSettings = {
  type: 'object',
  additionalProperties: false,
  default: {},
  properties: {
    enabled: {
      type: 'boolean',
      default: false,
      description:
        'Hub, proxy, servers and services speak to each other by https, and each shows the others a certificate of authorities of our own.',
    },
    altNames: {
      ...names,
      default: [],
      description:
        'Further names and addresses in all certificates: those by which other machines reach hub and proxy, and, for a proxy that is not ours, every name by which people do. `*.` may stand before a domain.',
    },
  },
} as const satisfies OptionSchema;
