import type { Options, OptionsSchema } from '@hub/core/plugin';
import { addUserCommandOption } from '@hub/posix';

const groups = { type: 'array', items: { type: 'string', minLength: 1 }, default: [] } as const;

/** What `pamAuthenticator` takes (P151–P157). Times are seconds. */
export const pamOptions = {
  type: 'object',
  properties: {
    service: {
      type: 'string',
      default: 'login',
      // libpam writes names of services in lower case and looks for files of that name.
      pattern: '^[a-z0-9][a-z0-9_.-]*$',
      description: 'PAM service that is asked: a file of `/etc/pam.d`.',
    },
    encoding: {
      type: 'string',
      enum: ['utf8', 'latin1'],
      default: 'utf8',
      description: 'How names and passwords become bytes.',
    },
    checkAccount: {
      type: 'boolean',
      default: true,
      description: "Ask the service's account part, too: expired accounts, times, places, who may sign in.",
    },
    allowedGroups: { ...groups, description: 'Groups of the system whose members are let in.' },
    adminGroups: {
      ...groups,
      description:
        'Groups of the system whose members are administrators. Once named they decide at each sign-in: who left them is one no more, unless listed in `access.admins`.',
    },
    bringGroups: {
      type: 'boolean',
      default: false,
      description:
        "Bring the names of the account's groups along, for `signIn.manageGroups`; also at each refresh.",
    },
    normalizeByUid: {
      type: 'boolean',
      default: false,
      description:
        'Write a name as the system does, by its number (name → uid → name), instead of in lower case.',
    },
    requestOtp: { type: 'boolean', default: false, description: 'Ask for a one-time password, too.' },
    otpPrompt: { type: 'string', default: 'OTP:', description: 'Label of its field.' },
    createSystemUsers: {
      type: 'boolean',
      default: false,
      description:
        'Make the account of a new user when the system has none. Without it such a user cannot be made.',
    },
    addUserCommand: {
      ...addUserCommandOption,
      description:
        'Command that makes an account. `USERNAME` in a word becomes the name; `--uid N` is added for who is in `uids`, and the name as last word.',
    },
    uids: {
      type: 'object',
      properties: {},
      additionalProperties: { type: 'integer', minimum: 1 },
      default: {},
      description: 'Numbers of accounts that are made, by name.',
    },
    helpers: {
      type: 'integer',
      minimum: 1,
      default: 4,
      description: 'Processes at most that ask PAM; each checks one password at a time.',
    },
    timeout: {
      type: 'number',
      exclusiveMinimum: 0,
      default: 20,
      description:
        'Limit of one call of PAM; its process is then killed. More than `servers.hookTimeout` (30) has no effect.',
    },
    refusalDelay: {
      type: 'number',
      minimum: 0,
      default: 2,
      description: 'A refusal is answered no sooner, whatever its reason. PAM may ask for more, up to 10.',
    },
    openSessions: {
      type: 'boolean',
      default: false,
      description:
        'Not here: a PAM session belongs to the process that launches a server (P155); see `pamService` of `@hub/spawner-local`.',
    },
  },
  additionalProperties: false,
} as const satisfies OptionsSchema;

/** Options of `pamAuthenticator` with their defaults. */
export type PamAuthenticatorOptions = Options<typeof pamOptions>;
