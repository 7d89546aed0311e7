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
import { accessSettings } from './settings/access.ts';
import { cookiesSettings, tokensSettings } from './settings/credentials.ts';
import { internalTlsSettings } from './settings/internal-tls.ts';
import { listenerSettings } from './settings/listener.ts';
import { names, seconds } from './settings/parts.ts';
import { serversSettings } from './settings/servers.ts';
import { signInSettings } from './settings/sign-in.ts';
import { httpSettings, pagesSettings } from './settings/web.ts';

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
    hub: listenerSettings,
    internalTls: internalTlsSettings,
    access: accessSettings,
    signIn: signInSettings,
    servers: serversSettings,
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
    cookies: cookiesSettings,
    tokens: tokensSettings,
    pages: pagesSettings,
    http: httpSettings,
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
