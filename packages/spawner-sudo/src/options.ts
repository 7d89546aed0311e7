import {
  type ForLaunch,
  type OptionSchema,
  type Options,
  processOptions,
  spawnerOptions,
} from '@hub/core/plugin';

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
    ...processOptions,
  },
  required: ['mediatorPath'],
  additionalProperties: false,
} as const satisfies OptionSchema;

/** Options of `sudoSpawner` with their defaults. */
export type SudoSpawnerOptions = Options<typeof sudoSpawnerOptions>;

/** The same as they are for one launch. */
export type LaunchOptions = ForLaunch<SudoSpawnerOptions>;
