import type { ContainerModule } from 'inversify';
import type { CustomScopes } from '../access/index.ts';
import type {
  JsonObject,
  Logger,
  Options,
  OptionsInput,
  OptionsSchema,
  PluginInstance,
  ServiceRecord,
} from '../plugin/index.ts';
import type { ProfileConfig } from './check-profiles.ts';
import type { HubHooks } from './hooks.ts';

const seconds = { type: 'number', exclusiveMinimum: 0 } as const;
const names = { type: 'array', items: { type: 'string', minLength: 1 } } as const;
const origin = 'an origin such as `http://127.0.0.1:8081`, without path';

/**
 * Every setting of a hub that is plain data. The same literal validates, types and documents them. Times are
 * seconds unless the name says days.
 */
export const settingsSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    bindUrl: {
      type: 'string',
      default: 'http://127.0.0.1:8000',
      description: 'Where the public side listens; its path is the prefix of everything.',
    },
    publicUrl: {
      type: 'string',
      default: '',
      description: 'Where people reach the hub, with its prefix. Empty: requests tell.',
    },
    host: {
      type: 'string',
      default: '',
      description: 'Unique name of this machine among live hubs. Empty: its host name.',
    },
    database: {
      type: 'string',
      default: '',
      secret: true,
      description:
        '`private:<folder>` for a PostgreSQL of its own, or `postgres://…`. Empty: `private:` in `dataFolder`.',
    },
    listenUrl: {
      type: 'string',
      default: '',
      secret: true,
      description: 'Where LISTEN connects, when `database` leads through a pooler that cannot carry it.',
    },
    dataFolder: {
      type: 'string',
      default: '',
      description: 'Folder of this hub, 0700. Empty: `./hub-data`, for root `/var/lib/hub`.',
    },
    postgresUser: {
      type: 'string',
      default: 'hub-postgres',
      description: "System user of a root hub's private PostgreSQL; made when missing.",
    },
    hub: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        ip: { type: 'string', default: '127.0.0.1', description: "Address of the hub's own listener." },
        port: {
          type: 'integer',
          minimum: 0,
          maximum: 65535,
          default: 8081,
          description: 'Its port; 0 picks a free one.',
        },
        connectUrl: {
          type: 'string',
          default: '',
          description: `What servers and services are given to reach the hub: ${origin}.`,
        },
        balancerUrl: {
          type: 'string',
          default: '',
          description: `What the proxy sends requests to instead of this hub: ${origin}.`,
        },
      },
    },
    access: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        admins: {
          ...names,
          default: [],
          description: 'Names of the first authenticator, or `id:name`. Only ever adds.',
        },
        allowAll: { type: 'boolean', default: false, description: 'Everyone who can sign in may.' },
        allowed: { ...names, default: [], description: 'Names that may sign in.' },
        allowExisting: {
          anyOf: [{ type: 'boolean' }, { type: 'null' }],
          default: null,
          description: 'Users already there may; by default when `allowed` is not empty.',
        },
        blocked: { ...names, default: [], description: 'Names that may not, whatever else says so.' },
        userNamePattern: {
          type: 'string',
          default: '',
          description: 'Regular expression a whole name must match.',
        },
        nameMap: {
          type: 'object',
          additionalProperties: { type: 'string' },
          default: {},
          description: 'Other names for some, after normalisation.',
        },
      },
    },
    signIn: {
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
          description:
            'The authenticator is asked again when its last answer is older; 0 only where demanded.',
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
    },
    servers: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        named: { type: 'boolean', default: false, description: 'People may have several servers.' },
        limit: {
          type: 'integer',
          minimum: 0,
          default: 0,
          description: 'Named servers each; 0 is no limit. `hooks.namedServerLimit` may tell for each user.',
        },
        invalidNames: {
          enum: ['allow-start', 'allow-delete'],
          default: 'allow-start',
          description:
            'What may be done with a server that has a name no new one may have; it can always be renamed.',
        },
        consecutiveFailureLimit: {
          type: 'integer',
          minimum: 0,
          default: 0,
          description:
            'After so many starts in a row that failed by a fault, none refused, the hub stops with status 1; servers go on. 0 never.',
        },
        concurrentStarts: {
          type: 'integer',
          minimum: 0,
          default: 100,
          description: 'Starts at once in all hubs; 0 is no limit.',
        },
        queueLimit: {
          type: 'integer',
          minimum: 0,
          default: 1000,
          description: 'Starts that may wait; 0 refuses instead.',
        },
        activeLimit: {
          type: 'integer',
          minimum: 0,
          default: 0,
          description: 'Active servers in all; 0 is no limit.',
        },
        slowStart: {
          type: 'number',
          minimum: 0,
          default: 10,
          description: 'A request waits this long for its start.',
        },
        slowStop: {
          type: 'number',
          minimum: 0,
          default: 10,
          description: 'A request waits this long for its stop.',
        },
        retryAfter: {
          type: 'array',
          items: { type: 'integer' },
          minItems: 2,
          default: [30, 60],
          description: 'Range of `Retry-After` when a start is refused.',
        },
        hookTimeout: { ...seconds, default: 30, description: 'Limit of a hook.' },
        formLimit: {
          type: 'integer',
          minimum: 1024,
          default: 10_485_760,
          description: 'Bytes of a submitted options form with its files.',
        },
        shutdownOnLogout: {
          type: 'boolean',
          default: false,
          description: 'Signing out stops the own servers, unless they are just starting or stopping.',
        },
        keep: {
          type: 'boolean',
          default: false,
          description: 'Servers outlive a stop of the hub, and the proxy with them.',
        },
        implicitStartSeconds: {
          type: 'number',
          minimum: 0,
          default: 0,
          description: 'The page of a stopped server starts it after this; 0 never.',
        },
        redirectLimit: {
          type: 'integer',
          minimum: 0,
          default: 4,
          description: 'Redirects to a server whose route is late.',
        },
      },
    },
    audit: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        keepDays: {
          type: 'number',
          minimum: 0,
          default: 365,
          description: 'Older rows of the audit trail are deleted; 0 keeps all.',
        },
      },
    },
    cookies: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        maxAgeDays: {
          type: 'number',
          exclusiveMinimum: 0,
          default: 14,
          description: 'How long a sign-in lasts at most. Lowered, it holds for those there are.',
        },
        idleHours: {
          type: 'number',
          minimum: 0,
          default: 0,
          description: 'A sign-in that nobody uses for so long ends; 0 is no limit.',
        },
        options: {
          type: 'object',
          additionalProperties: true,
          default: {},
          description: 'Attributes of every cookie, such as `{ "samesite": "Lax" }`.',
        },
        hostPrefix: { type: 'boolean', default: false, description: 'Cookies get the `__Host-` prefix.' },
        secret: {
          type: 'string',
          default: '',
          secret: true,
          description: '32 bytes as hex that sign cookies.',
        },
        secretFile: {
          type: 'string',
          default: '',
          description: 'File with the same, out of reach of others. JPY_COOKIE_SECRET counts before it.',
        },
      },
    },
    tokens: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        maxSeconds: {
          type: 'integer',
          minimum: 0,
          default: 0,
          description:
            'Longest life of a token of a user; 0 is no limit. Lowered, it holds for those there are.',
        },
        oauthSeconds: {
          type: 'integer',
          minimum: 0,
          default: 0,
          description: 'Life of an OAuth token; 0 is that of a sign-in.',
        },
        requirePkce: {
          type: 'boolean',
          default: false,
          description: 'OAuth clients must send a code challenge.',
        },
      },
    },
    pages: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        defaultUrl: {
          type: 'string',
          default: '',
          description: 'Where people land after signing in. Empty: their server.',
        },
        redirectToServer: {
          type: 'boolean',
          default: true,
          description: 'After signing in, start and open the own server rather than home.',
        },
        defaultServerName: { type: 'string', default: '', description: 'Server `user-redirect` leads to.' },
      },
    },
    http: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        headers: {
          type: 'object',
          additionalProperties: { type: 'string' },
          default: {},
          description: 'Headers of every answer; they win over ours.',
        },
        trustRealIp: {
          type: 'boolean',
          default: false,
          description:
            'X-Real-Ip names the client. Only where something in front of the proxy sets it on every request: the proxy passes on what clients send.',
        },
        trustedProxies: { ...names, default: [], description: 'Addresses skipped in X-Forwarded-For.' },
        bodyLimit: {
          type: 'integer',
          minimum: 1024,
          default: 1_048_576,
          description: 'Bytes of a request body.',
        },
        requestTimeout: { ...seconds, default: 60, description: 'Limit for receiving one request.' },
        pageLimit: {
          type: 'integer',
          minimum: 1,
          default: 50,
          description: 'Entries of a page of a list (`api_page_default_limit`).',
        },
        pageMaxLimit: {
          type: 'integer',
          minimum: 1,
          default: 200,
          description: 'Entries of a page at most (`api_page_max_limit`).',
        },
      },
    },
    extraUserScopes: {
      ...names,
      default: [],
      description: 'Further scopes of the role `user`; of no effect where `roles` redefines its scopes.',
    },
    serviceCheckSeconds: {
      type: 'number',
      minimum: 0,
      default: 60,
      description: 'Every service with a url is asked this often whether it answers; 0 never.',
    },
    cryptKeys: {
      type: 'array',
      items: { type: 'string', secret: true },
      default: [],
      secret: true,
      description:
        'Keys of 32 bytes (hex) that encrypt auth_state: the first encrypts, all decrypt. Empty: JUPYTERHUB_CRYPT_KEY, keys parted by `;`; else `cryptKeysFile`.',
    },
    cryptKeysFile: {
      type: 'string',
      default: '',
      description:
        'File with the same, one key a line, out of reach of others. The variable counts before it.',
    },
    activityResolution: {
      type: 'number',
      minimum: 0,
      default: 30,
      description: 'Smaller advances of last-activity are not written.',
    },
    openMetrics: { type: 'boolean', default: false, description: '`/metrics` needs no scope.' },
    shutdownSeconds: { ...seconds, default: 90, description: 'A stop of the hub takes this long at most.' },
    logLevel: { enum: ['trace', 'debug', 'info', 'warn', 'error', 'silent'], default: 'info' },
    extraRoutes: {
      type: 'object',
      additionalProperties: { type: 'string' },
      default: {},
      description: 'Further routes of the proxy: path to origin.',
    },
  },
} as const satisfies OptionsSchema;

/** Settings with their defaults filled in. */
export type Settings = Options<typeof settingsSchema>;

/** A group as the configuration names it (R156). */
export interface GroupConfig {
  readonly users?: readonly string[];
  readonly properties?: JsonObject;
}

/** A role as the configuration defines it (R150). */
export interface RoleConfig {
  readonly name: string;
  readonly description?: string;
  readonly scopes?: readonly string[];
  readonly users?: readonly string[];
  readonly groups?: readonly string[];
  readonly services?: readonly string[];
}

/** The configuration of a hub: what `hub.config.ts` exports. */
export type HubConfig = OptionsInput<typeof settingsSchema> & {
  /** What the hub is made of: at least an authenticator, a spawner and a proxy. The first of a kind is the usual one. */
  readonly plugins: readonly PluginInstance[];
  readonly services?: readonly ServiceRecord[];
  /**
   * Ways to run a server that people choose among: a spawner, options for it, questions of its own. Without them every
   * server is run by the first spawner; the row remembers by which.
   */
  readonly profiles?: readonly ProfileConfig[];
  readonly roles?: readonly RoleConfig[];
  readonly groups?: Readonly<Record<string, GroupConfig>>;
  /** Scopes of the operator's own, which services and servers check (R160): `custom:grader:read`. */
  readonly customScopes?: CustomScopes;
  readonly hooks?: HubHooks;
  /** Where log lines go; standard error unless given. */
  readonly logger?: Logger;
  /** Further modules, loaded last: they may rebind anything. */
  readonly modules?: readonly ContainerModule[];
};

/** Types a configuration; returns it as it is. */
export function defineHub(config: HubConfig): HubConfig {
  return config;
}
