import { formOptions } from './form-options.ts';
import type { OptionSchema } from './option-schema.ts';

/** Bytes, or text such as `1.5G`; `null` says nothing. */
const size = {
  anyOf: [
    { type: 'string', pattern: '^\\d+(\\.\\d+)?[KMGT]?$' },
    { type: 'number', minimum: 0 },
    { type: 'null' },
  ],
  default: null,
  perLaunch: true,
} as const;

const cores = {
  anyOf: [{ type: 'number', exclusiveMinimum: 0 }, { type: 'null' }],
  default: null,
  perLaunch: true,
} as const;

/**
 * Options every spawner has (contract P2xx, section 2.1). An author spreads them into the own schema:
 * `options: { type: 'object', properties: { ...spawnerOptions, image: { type: 'string' } } }`.
 * The hub reads them from there; times are seconds. Those marked `perLaunch` may be functions of the launch (P812):
 * a spawner reads them by `launch.resolve(options)`.
 */
export const spawnerOptions = {
  command: {
    type: 'array',
    items: { type: 'string' },
    minItems: 1,
    default: ['jupyterhub-singleuser'],
    description: 'What to launch.',
    perLaunch: true,
  },
  args: {
    type: 'array',
    items: { type: 'string' },
    default: [],
    description: 'Further arguments of the command.',
    perLaunch: true,
  },
  ip: {
    type: 'string',
    default: '127.0.0.1',
    description: 'Address the server listens at; empty: all there are.',
  },
  port: {
    type: 'integer',
    minimum: 0,
    maximum: 65535,
    default: 0,
    description: 'Port it listens at; 0 picks a free one.',
    perLaunch: true,
  },
  environment: {
    type: 'object',
    additionalProperties: { type: 'string', perLaunch: true },
    default: {},
    description:
      'Environment variables; they win over all others but USER, HOME and SHELL. The values, or the whole, may be functions of the launch.',
    perLaunch: true,
  },
  envKeep: {
    type: 'array',
    items: { type: 'string' },
    default: [
      'CONDA_DEFAULT_ENV',
      'CONDA_ROOT',
      'JUPYTERHUB_SINGLEUSER_APP',
      'LANG',
      'LC_ALL',
      'LD_LIBRARY_PATH',
      'PATH',
      'PYTHONPATH',
      'VIRTUAL_ENV',
    ],
    description: "Variables passed on from the hub's own environment.",
  },
  notebookDir: {
    type: 'string',
    default: '',
    description: 'Folder the server opens; `{username}` and `{base_url}` are filled in, `~` is the home.',
    perLaunch: true,
  },
  defaultUrl: {
    type: 'string',
    default: '',
    description: 'Page the server opens, such as `/lab`.',
    perLaunch: true,
  },
  disableUserConfig: {
    type: 'boolean',
    default: false,
    description: "Ignore configuration in the user's home.",
    perLaunch: true,
  },
  debug: { type: 'boolean', default: false, description: 'Verbose log of the server.', perLaunch: true },
  memLimit: { ...size, description: 'Memory limit: bytes or `1.5G`.' },
  memGuarantee: { ...size, description: 'Memory guaranteed: bytes or `1.5G`.' },
  cpuLimit: { ...cores, description: 'Cores at most.' },
  cpuGuarantee: { ...cores, description: 'Cores guaranteed.' },
  hubConnectUrl: {
    type: 'string',
    pattern: '^$|^https?://[^/?#]+/?$',
    default: '',
    description:
      'Origin under which servers of this spawner reach the hub, when it is another than for the rest.',
    perLaunch: true,
  },
  startTimeout: {
    type: 'number',
    exclusiveMinimum: 0,
    default: 60,
    description: 'Seconds a start may take until the server is launched.',
  },
  httpTimeout: {
    type: 'number',
    exclusiveMinimum: 0,
    default: 30,
    description: 'Seconds a launched server may take to answer HTTP.',
  },
  pollInterval: {
    type: 'number',
    minimum: 0,
    default: 30,
    description: 'Seconds between two looks at a running server; 0 never looks.',
  },
  pollJitter: {
    type: 'number',
    minimum: 0,
    maximum: 1,
    default: 0.1,
    description: 'Part of the interval by which each look may come sooner or later.',
  },
  pollTimeout: {
    type: 'number',
    exclusiveMinimum: 0,
    default: 10,
    description: 'Seconds one look may take.',
  },
  stopTimeout: {
    type: 'number',
    exclusiveMinimum: 0,
    default: 70,
    description: 'Seconds a stop may take before it counts as failed and is tried again.',
  },
  oauthClientAllowedScopes: {
    type: 'array',
    items: { type: 'string' },
    default: [],
    description: "Scopes the server's users may grant it.",
    perLaunch: true,
  },
  serverTokenScopes: {
    type: 'array',
    items: { type: 'string' },
    default: [],
    description: 'Scopes of the token the server gets; empty: those of the role `server`.',
    perLaunch: true,
  },
  ...formOptions,
} as const satisfies Readonly<Record<string, OptionSchema>>;
