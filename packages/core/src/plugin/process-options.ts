import type { OptionSchema } from './option-schema.ts';

/**
 * Options of spawners whose servers are processes of the hub's own machine (P301–P306), to be spread into the own
 * schema beside those of every spawner. Times are seconds.
 */
export const processOptions = {
  portRange: {
    type: 'object',
    properties: {
      from: { type: 'integer', minimum: 1, maximum: 65535 },
      to: { type: 'integer', minimum: 1, maximum: 65535 },
    },
    required: ['from', 'to'],
    additionalProperties: false,
    description: 'Ports to choose from, both ends included; any free one unless given.',
    perLaunch: true,
  },
  logFolder: {
    type: 'string',
    default: '',
    description: "Where the output of servers goes; a sub-folder of the hub's data folder unless given.",
  },
  logSize: {
    type: 'integer',
    minimum: 10_000,
    default: 10_000_000,
    description: 'Bytes at which the log of a running server is moved to `.1`.',
  },
  interruptTimeout: {
    type: 'number',
    minimum: 0,
    default: 30,
    description: 'Seconds a stop waits after SIGINT.',
  },
  termTimeout: {
    type: 'number',
    minimum: 0,
    default: 30,
    description: 'Seconds a stop waits after SIGTERM.',
  },
  killTimeout: {
    type: 'number',
    minimum: 0,
    default: 5,
    description: 'Seconds a stop waits after SIGKILL.',
  },
} as const satisfies Readonly<Record<string, OptionSchema>>;
