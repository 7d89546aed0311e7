import type { ForLaunch, Options } from '@hub/core/plugin';
import { type OptionSchema, spawnerOptions } from '@hub/core/plugin';
import { accountOptions, limitOptions } from './user-options.ts';

/** What `localSpawner` takes besides the options of every spawner. Times are seconds. */
export const localSpawnerOptions = {
  type: 'object',
  properties: {
    ...spawnerOptions,
    runAs: {
      type: 'string',
      enum: ['user', 'hub'],
      description:
        "Account the servers run under. `user`: each user's own account of the system; the hub must run as root. `hub`: that of the hub itself, **without isolation**: each server can read all the hub can.",
    },
    ...accountOptions,
    iKnowUsersShareTheHubAccount: {
      type: 'boolean',
      default: false,
      description: "Start although strangers can reach the hub and its users share the hub's account.",
    },
    workingDirectory: {
      type: 'string',
      default: '~',
      description:
        "Folder a server starts in. `~` is the home of the account, `{username}` the user's name as in URLs. With `runAs: 'hub'` it is `HOME` as well, and with `{username}` a missing folder is made (0700).",
      perLaunch: true,
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
      description:
        "Where the output of servers goes; a sub-folder of the hub's data folder unless given. Files belong to the account of the server.",
    },
    logSize: {
      type: 'integer',
      minimum: 10_000,
      default: 10_000_000,
      description: 'Bytes at which the log of a running server is moved to `.1`.',
    },
    ...limitOptions,
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
  required: ['runAs'],
  additionalProperties: false,
} as const satisfies OptionSchema;

/** Options of `localSpawner` with their defaults. */
export type LocalSpawnerOptions = Options<typeof localSpawnerOptions>;

/** The same as they are for one launch. */
export type LaunchOptions = ForLaunch<LocalSpawnerOptions>;
