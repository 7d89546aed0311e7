import type { OptionSchema } from '@hub/core/plugin';
import { addUserCommandOption } from '@hub/posix';

/** Options about the accounts of servers, all of them for `runAs: 'user'`. */
export const accountOptions = {
  account: {
    type: 'string',
    default: '{username}',
    description:
      "With `runAs: 'user'`, the name of the account; `{username}` is the user's name. A function of the launch maps users as it likes.",
    perLaunch: true,
  },
  minUid: {
    type: 'integer',
    minimum: 1,
    default: 1000,
    description: 'Accounts with a smaller number belong to the system and are refused, as is `nobody`.',
  },
  allowRoot: { type: 'boolean', default: false, description: 'Let a server run as root, too.' },
  missingFolder: {
    type: 'string',
    enum: ['refuse', 'create', 'fallback'],
    default: 'refuse',
    description:
      "What to do with `runAs: 'user'` about a working directory the account cannot use: `refuse` the start, `create` a missing one (0700), or fall back to the nearest one above that it can enter.",
  },
  umask: {
    anyOf: [{ type: 'integer', minimum: 0 }, { type: 'null' }],
    default: null,
    description:
      "With `runAs: 'user'`, the bits that new files lack, such as `0o027`; else what the PAM session sets, or `0o022`.",
  },
  pamService: {
    type: 'string',
    // libpam writes names of services in lower case and looks for files of that name.
    pattern: '^([a-z0-9][a-z0-9_.-]*)?$',
    default: '',
    description:
      "With `runAs: 'user'`, the PAM service (a file of `/etc/pam.d`) in a session of which each server runs; none unless given.",
  },
  createSystemUsers: {
    type: 'boolean',
    default: false,
    description: "With `runAs: 'user'`, make an account the system does not have.",
  },
  addUserCommand: {
    ...addUserCommandOption,
    description:
      'Command that makes an account. `USERNAME` in a word becomes the name, which is also the last word.',
  },
} as const satisfies Readonly<Record<string, OptionSchema>>;

/** Options about what a server may use. */
export const limitOptions = {
  pidsLimit: {
    anyOf: [{ type: 'integer', minimum: 1 }, { type: 'null' }],
    default: null,
    description:
      'Processes and threads of a server at most. Without control groups it counts all of the account (RLIMIT_NPROC).',
    perLaunch: true,
  },
  controlGroup: {
    type: 'string',
    default: 'hub',
    pattern: '^([A-Za-z0-9_@:-][A-Za-z0-9_.@:-]*(/(?=.)|$))*$',
    description:
      'Control group below which each server gets one of its own, where the machine allows it; empty: none. Keeps `memLimit`, `cpuLimit` and `pidsLimit`.',
  },
} as const satisfies Readonly<Record<string, OptionSchema>>;
