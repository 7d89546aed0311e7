import { type OptionSchema, type Options, spawnerOptions } from '@hub/core/plugin';

// What is launched lies beside the mediator, where only root decides (P324, P327).
const { command: _, ...common } = spawnerOptions;

/** What `sudoSpawner` takes besides the options of every spawner. Times are seconds. */
export const sudoSpawnerOptions = {
  type: 'object',
  properties: {
    ...common,
    mediatorPath: {
      type: 'string',
      pattern: '^/',
      description: 'The program that the rule of sudo allows, exactly as it stands there.',
    },
    sudoArgs: {
      type: 'array',
      items: { type: 'string' },
      default: ['-nH'],
      description: 'Arguments of sudo besides the account and the mediator.',
    },
    mediatorLogLevel: {
      type: 'string',
      enum: ['debug', 'info', 'warning', 'error', 'none'],
      default: 'info',
      description: "What the mediator says into the server's log.",
    },
    portRange: {
      type: 'object',
      properties: {
        from: { type: 'integer', minimum: 1, maximum: 65535 },
        to: { type: 'integer', minimum: 1, maximum: 65535 },
      },
      required: ['from', 'to'],
      additionalProperties: false,
      description: 'Ports to choose from, both ends included; any free one unless given.',
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
  },
  required: ['mediatorPath'],
  additionalProperties: false,
} as const satisfies OptionSchema;

/** Options of `sudoSpawner` with their defaults. */
export type SudoSpawnerOptions = Options<typeof sudoSpawnerOptions>;
