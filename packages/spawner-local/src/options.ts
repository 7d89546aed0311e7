import type { ForLaunch, Options } from '@hub/core/plugin';
import { type OptionSchema, processOptions, spawnerOptions } from '@hub/core/plugin';
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
    ...processOptions,
    logFolder: {
      ...processOptions.logFolder,
      description:
        "Where the output of servers goes; a sub-folder of the hub's data folder unless given. Files belong to the account of the server.",
    },
    ...limitOptions,
  },
  required: ['runAs'],
  additionalProperties: false,
} as const satisfies OptionSchema;

/** Options of `localSpawner` with their defaults. */
export type LocalSpawnerOptions = Options<typeof localSpawnerOptions>;

/** The same as they are for one launch. */
export type LaunchOptions = ForLaunch<LocalSpawnerOptions>;
