import { quoteName, serverPrefix } from '../kernel/index.ts';
import { type CertificateFiles, HubError } from '../plugin/index.ts';
import type { HubAddress } from './hub-address.ts';
import type { LaunchOptions } from './launch-options.ts';
import type { ServerRecord } from './server.ts';

/** What the environment of one launch is made from. */
export interface EnvironmentParts {
  readonly hub: HubAddress;
  readonly server: ServerRecord;
  readonly options: LaunchOptions['common'];
  readonly token: string;
  readonly clientId: string;
  /** The hub's own environment, for the variables that are kept. */
  readonly hubEnvironment: Readonly<Record<string, string | undefined>>;
  /** From the spawner itself, between the table and the operator's `environment`. */
  readonly fromSpawner: Readonly<Record<string, string>>;
  /** With internal TLS: where the server finds what it shows and whom it believes. */
  readonly files: CertificateFiles | null;
}

/** Secrets of the hub that must never reach a server, whatever `envKeep` says (W91). */
const neverKept = new Set([
  'JPY_COOKIE_SECRET',
  'CONFIGPROXY_AUTH_TOKEN',
  'JUPYTERHUB_CRYPT_KEY',
  'DATABASE_URL',
]);

/**
 * The environment of a single-user server, in the order of P240: kept variables, the table, the spawner's own,
 * the operator's `environment`. `bind` is the origin the server shall listen at.
 */
export function serverEnvironment(parts: EnvironmentParts, bind: string): Record<string, string> {
  return {
    ...kept(parts),
    ...identity(parts, bind),
    ...limits(parts.options),
    ...certificates(parts),
    ...places(parts),
    ...parts.fromSpawner,
    // Worked out for the launch: what was a function is a text.
    ...(parts.options.environment as Readonly<Record<string, string>>),
  };
}

/** Fills `{username}` and `{base_url}` in (P215). An unknown name in braces is a mistake worth failing for. */
export function fillIn(text: string, names: Readonly<Record<string, string>>): string {
  return text.replace(/\{\{|\}\}|\{([^{}]*)\}/g, (whole, name: string | undefined) => {
    if (name === undefined) return whole.charAt(0);
    const value = names[name];
    if (value === undefined) {
      throw new HubError('HUB_CONFIG_INVALID', `"${text}" names {${name}}, which is not known here.`, {
        hint: `Known are ${Object.keys(names)
          .map((known) => `{${known}}`)
          .join(', ')}; write {{ for a brace.`,
      });
    }
    return value;
  });
}

function kept({ options, hubEnvironment }: EnvironmentParts): Record<string, string> {
  const result: Record<string, string> = {};
  for (const name of options.envKeep) {
    const value = hubEnvironment[name];
    if (value !== undefined && !neverKept.has(name)) result[name] = value;
  }
  return result;
}

function identity(
  { hub, server, options, token, clientId }: EnvironmentParts,
  bind: string,
): Record<string, string> {
  const prefix = serverPrefix(hub.baseUrl, server.userName, server.name);
  const apiUrl = `${options.hubConnectUrl || hub.connectUrl}${hub.hubPrefix}api`;
  const accessScopes = JSON.stringify([
    `access:servers!server=${server.userName}/${server.name}`,
    `access:servers!user=${server.userName}`,
  ]);
  const publicOrigin = hub.publicUrl === '' ? '' : new URL(hub.publicUrl).origin;
  return {
    JUPYTERHUB_API_TOKEN: token,
    JPY_API_TOKEN: token,
    JUPYTERHUB_CLIENT_ID: clientId,
    ...(Object.keys(hub.cookieOptions).length > 0
      ? { JUPYTERHUB_COOKIE_OPTIONS: JSON.stringify(hub.cookieOptions) }
      : {}),
    JUPYTERHUB_COOKIE_HOST_PREFIX_ENABLED: hub.cookieHostPrefix ? '1' : '0',
    JUPYTERHUB_HOST: publicOrigin,
    JUPYTERHUB_OAUTH_CALLBACK_URL: `${prefix}oauth_callback`,
    JUPYTERHUB_OAUTH_SCOPES: accessScopes,
    JUPYTERHUB_OAUTH_ACCESS_SCOPES: accessScopes,
    JUPYTERHUB_OAUTH_CLIENT_ALLOWED_SCOPES: JSON.stringify(options.oauthClientAllowedScopes),
    JUPYTERHUB_USER: server.userName,
    JUPYTERHUB_SERVER_NAME: server.name,
    JUPYTERHUB_API_URL: apiUrl,
    JUPYTERHUB_ACTIVITY_URL: `${apiUrl}/users/${quoteName(server.userName)}/activity`,
    JUPYTERHUB_BASE_URL: hub.baseUrl,
    JUPYTERHUB_SERVICE_PREFIX: prefix,
    JUPYTERHUB_SERVICE_URL: `${bind}${prefix}`,
    JUPYTERHUB_PUBLIC_URL: publicOrigin === '' ? '' : `${publicOrigin}${prefix}`,
    JUPYTERHUB_PUBLIC_HUB_URL: publicOrigin === '' ? '' : `${publicOrigin}${hub.hubPrefix}`,
  };
}

function certificates({ files }: EnvironmentParts): Record<string, string> {
  if (!files) return {};
  return {
    JUPYTERHUB_SSL_KEYFILE: files.keyFile,
    JUPYTERHUB_SSL_CERTFILE: files.certFile,
    JUPYTERHUB_SSL_CLIENT_CA: files.caFile,
  };
}

function limits(options: LaunchOptions['common']): Record<string, string> {
  const result: Record<string, string> = {};
  if (options.memLimit !== null) result.MEM_LIMIT = String(options.memLimit);
  if (options.memGuarantee !== null) result.MEM_GUARANTEE = String(options.memGuarantee);
  if (options.cpuLimit !== null) result.CPU_LIMIT = decimal(options.cpuLimit);
  if (options.cpuGuarantee !== null) result.CPU_GUARANTEE = decimal(options.cpuGuarantee);
  return result;
}

/** As Python writes a float: peers parse it with `float()`, people compare it by eye. */
function decimal(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : String(value);
}

function places({ hub, server, options }: EnvironmentParts): Record<string, string> {
  const names = {
    username: server.userName,
    base_url: serverPrefix(hub.baseUrl, server.userName, server.name),
  };
  const rootDir = fillIn(options.notebookDir, names);
  const defaultUrl = fillIn(options.defaultUrl, names);
  return {
    ...(rootDir === '' ? {} : { JUPYTERHUB_ROOT_DIR: rootDir }),
    ...(defaultUrl === '' ? {} : { JUPYTERHUB_DEFAULT_URL: defaultUrl }),
    ...(options.debug ? { JUPYTERHUB_DEBUG: '1' } : {}),
    ...(options.disableUserConfig ? { JUPYTERHUB_DISABLE_USER_CONFIG: '1' } : {}),
  };
}
