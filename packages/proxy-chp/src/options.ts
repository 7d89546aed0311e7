import type { Options, OptionsSchema } from '@hub/core/plugin';

/** What `chpProxy({ … })` takes. */
export const chpOptions = {
  type: 'object',
  additionalProperties: false,
  properties: {
    command: {
      type: 'array',
      items: { type: 'string' },
      minItems: 1,
      description:
        'Command that runs configurable-http-proxy; the one that comes with this package unless given.',
    },
    apiUrl: {
      type: 'string',
      description:
        'Where the proxy takes its routes: http://, https:// or http+unix://. Port 0 picks a free one when the hub starts the proxy. `http://127.0.0.1:8001` unless given; `https` where the hub has `internalTls`.',
    },
    authToken: {
      type: 'string',
      minLength: 1,
      secret: true,
      description:
        'Secret between hub and proxy. Else CONFIGPROXY_AUTH_TOKEN, else authTokenFile; else made by a hub that has a database of its own and starts the proxy.',
    },
    authTokenFile: {
      type: 'string',
      minLength: 1,
      description: 'File with the same, out of reach of others.',
    },
    shouldStart: {
      type: 'boolean',
      default: true,
      description: 'Start the proxy, watch it and restart it. Otherwise it is only joined.',
    },
    checkInterval: {
      type: 'number',
      exclusiveMinimum: 0,
      default: 5,
      description: 'Seconds between looks whether the proxy runs.',
    },
    concurrency: {
      type: 'integer',
      minimum: 1,
      default: 10,
      description: 'Requests to the proxy at a time.',
    },
    logLevel: {
      type: 'string',
      enum: ['debug', 'info', 'warn', 'error'],
      default: 'info',
      description: 'How much the proxy writes to its log.',
    },
    errorTarget: {
      anyOf: [{ type: 'string' }, { type: 'null' }],
      description:
        "Where the proxy gets its error pages; the hub's unless given. null: the plain pages of the proxy.",
    },
    hostRouting: {
      type: 'boolean',
      default: false,
      description: 'Route by host name: the first part of a route is a host.',
    },
    sslKey: { type: 'string', description: 'Path of the private key, to serve https.' },
    sslCert: { type: 'string', description: 'Path of the certificate, to serve https.' },
    timeout: {
      type: 'number',
      exclusiveMinimum: 0,
      description:
        'Seconds after which the proxy drops a silent connection of a browser; never unless given.',
    },
    proxyTimeout: {
      type: 'number',
      exclusiveMinimum: 0,
      description: 'Seconds the proxy waits for the answer of a server; without limit unless given.',
    },
    keepAliveTimeout: {
      type: 'number',
      exclusiveMinimum: 0,
      description: 'Seconds an idle connection of a browser is kept; 5 unless given.',
    },
    flags: {
      type: 'array',
      items: { type: 'string' },
      default: [],
      description:
        'More command-line flags for the proxy, as they are. Anybody on the machine can read them.',
    },
    env: {
      type: 'object',
      additionalProperties: { type: 'string' },
      properties: {},
      default: {},
      description:
        "More environment for the proxy. Of the hub's own it gets PATH, HOME, TZ, LANG, LC_*, certificate settings and CONFIGPROXY_*.",
    },
  },
} as const satisfies OptionsSchema;

/** The options with their defaults. */
export type ChpOptions = Options<typeof chpOptions>;
