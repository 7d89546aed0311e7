import type { OptionSchema } from '../../plugin/index.ts';
import { names, seconds } from './parts.ts';

/** What signing in brings, how long it holds, and how failures are slowed down. */
export const signInSettings = {
  type: 'object',
  additionalProperties: false,
  default: {},
  properties: {
    authState: {
      type: 'boolean',
      default: false,
      description: 'Keep what authenticators bring as auth_state, encrypted; needs a key (`cryptKeys`).',
    },
    refreshAge: {
      type: 'number',
      minimum: 0,
      default: 300,
      description: 'The authenticator is asked again when its last answer is older; 0 only where demanded.',
    },
    refreshGrace: {
      type: 'number',
      minimum: 0,
      default: 3600,
      description: 'While an authenticator cannot be asked, its last answer holds this much longer.',
    },
    refreshStrict: {
      type: 'boolean',
      default: false,
      description: 'An expired answer also ends what tokens may do, not only browsers.',
    },
    refreshBeforeStart: { type: 'boolean', default: false, description: 'Ask again before each start.' },
    refreshBeforeStop: {
      type: 'boolean',
      default: false,
      description: 'Ask again before each own stop.',
    },
    manageGroups: {
      anyOf: [{ type: 'boolean' }, names],
      default: false,
      description: 'Groups an authenticator names are exactly those of the user: for all, or these ids.',
    },
    manageRoles: {
      anyOf: [{ type: 'boolean' }, names],
      default: false,
      description: 'The same for roles.',
    },
    resetManagedRoles: {
      type: 'boolean',
      default: false,
      description: 'At start, managed roles are made to be those that `loadManagedRoles` names.',
    },
    refusalSeconds: {
      type: 'number',
      minimum: 0,
      maximum: 20,
      default: 1,
      description: 'No refusal is answered sooner, so that its time does not tell the reason.',
    },
    throttle: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        accountTries: {
          type: 'integer',
          minimum: 0,
          default: 5,
          description: 'Failures with one name before a wait; 0 never waits.',
        },
        addressTries: {
          type: 'integer',
          minimum: 0,
          default: 50,
          description: 'Failures from one address (IPv6: one /64) before a wait; 0 never waits.',
        },
        firstWait: {
          ...seconds,
          default: 1,
          description: 'First wait; each further failure doubles it.',
        },
        longestWait: { ...seconds, default: 60, description: 'No wait is longer.' },
        forgetAfter: {
          ...seconds,
          default: 3600,
          description: 'Without a failure for so long all is forgotten.',
        },
        placeDays: {
          type: 'number',
          minimum: 0,
          default: 30,
          description:
            'Where an account signed in within so many days, failures elsewhere do not make it wait; 0 nowhere.',
        },
        sharedNetworks: {
          ...names,
          default: [],
          description:
            'Addresses or networks (`192.0.2.0/24`) that many people share: failures are counted by name alone.',
        },
      },
    },
  },
} as const satisfies OptionSchema;
