import {
  Authenticator,
  HubError,
  Pages,
  type PluginInstance,
  Proxy as ProxyToken,
  Service,
  Spawner,
} from '../plugin/index.ts';
import type { Profiles } from '../servers/index.ts';
import { baseUrlOf } from './addresses.ts';
import { type AccountsConfig, checkAccounts } from './check-accounts.ts';
import { checkOptions, checkPlugin } from './check-options.ts';
import { checkProfiles } from './check-profiles.ts';
import { signInProblems } from './check-sign-in.ts';
import { type HubConfig, type Settings, settingsSchema } from './config.ts';
import { hookProblems } from './hooks.ts';
import { internalTlsDoubts, internalTlsProblems } from './internal-tls.ts';

/** A plugin whose options are right, defaults filled in. */
export interface CheckedPlugin {
  readonly instance: PluginInstance;
  readonly options: Readonly<Record<string, unknown>>;
}

/** A configuration that was found right. */
export interface CheckedConfig {
  readonly settings: Settings;
  readonly plugins: readonly CheckedPlugin[];
  readonly accounts: AccountsConfig;
  readonly profiles: Profiles;
  /** Doubtful things that keep nothing from starting. */
  readonly warnings: readonly string[];
}

const kinds = [
  { token: Authenticator, name: 'authenticator', least: 1 },
  { token: Spawner, name: 'spawner', least: 1 },
  { token: ProxyToken, name: 'proxy', least: 1 },
  { token: Pages, name: 'set of pages', least: 0 },
] as const;

/** A configuration with defaults filled in as far as it is right, and every mistake in it. */
export interface LookedOver {
  /** Of the right type where no problem names them. */
  readonly settings: Readonly<Record<string, unknown>>;
  readonly plugins: readonly CheckedPlugin[];
  readonly accounts: AccountsConfig;
  readonly profiles: Profiles;
  readonly problems: readonly string[];
  /** Doubtful things that keep nothing from starting. */
  readonly warnings: readonly string[];
}

/** Looks over all of a configuration. Throws one `HUB_CONFIG_INVALID` that lists every mistake found. */
export function checkConfig(config: HubConfig): CheckedConfig {
  const { settings, problems, ...found } = lookOver(config);
  if (problems.length > 0) {
    const count = problems.length === 1 ? 'a mistake' : `${problems.length} mistakes`;
    throw new HubError('HUB_CONFIG_INVALID', `The configuration has ${count}.`, { problems });
  }
  return { ...found, settings: settings as Settings };
}

/** The same without throwing, for who wants to see what is there besides the mistakes. */
export function lookOver(config: HubConfig): LookedOver {
  const {
    plugins = [],
    services: _services,
    profiles: statedProfiles,
    roles: _roles,
    groups: _groups,
    customScopes: _scopes,
    hooks = {},
    logger: _logger,
    modules: _modules,
    ...data
  } = config;
  const { options: settings, problems: ofSettings } = checkOptions(settingsSchema, data, 'configuration');
  const checked = plugins.map((plugin, index) => checkPlugin(plugin, index));
  const usable = checked.flatMap(({ plugin }) => plugin ?? []);
  const { profiles, problems: ofProfiles } = checkProfiles(statedProfiles, usable);
  const ofAddresses = ofSettings.length === 0 ? addressProblems(settings as Settings) : [];
  const ofTls = ofSettings.length === 0 ? internalTlsProblems(settings as Settings) : [];
  const isUsable = ofSettings.length === 0 && ofAddresses.length === 0;
  const { accounts, ...found } = checkAccounts(
    config,
    isUsable ? baseUrlOf((settings as Settings).bindUrl) : '/',
  );
  const problems = [
    ...ofSettings,
    ...checked.flatMap((plugin) => plugin.problems),
    ...kindProblems(usable),
    ...checked.flatMap(({ plugin }) => (plugin ? serviceProblems(plugin) : [])),
    ...ofProfiles,
    ...hookProblems(
      hooks,
      usable.filter(({ provides }) => provides === Spawner),
    ),
    ...ofAddresses,
    ...ofTls,
    ...found.problems,
    ...(ofSettings.length === 0 ? signInProblems(settings as Settings, usable, accounts) : []),
  ];
  return {
    settings,
    problems,
    accounts,
    profiles,
    warnings: [
      ...found.warnings,
      ...(ofSettings.length === 0 ? internalTlsDoubts(settings as Settings, config.services ?? []) : []),
    ],
    plugins: checked.flatMap(({ plugin, options }) => (plugin ? [{ instance: plugin, options }] : [])),
  };
}

function kindProblems(plugins: readonly PluginInstance[]): readonly string[] {
  return kinds.flatMap(({ token, name, least }) => {
    const some = plugins.filter(({ provides }) => provides === token);
    const ids = some.map(({ id }) => id);
    const twice = [...new Set(ids.filter((id, index) => ids.indexOf(id) !== index))];
    return [
      ...(some.length < least ? [`plugins: there is no ${name}. Add one.`] : []),
      ...(token === Authenticator ? ids.flatMap(idProblem) : []),
      ...twice.map(
        (id) =>
          `plugins: two have the id "${id}" as ${name}; give one another: \`plugin({ … }, { id: '…' })\`.`,
      ),
    ];
  });
}

/** It stands in addresses, in names of cookies, and before a colon in `github:ada`. */
function idProblem(id: string): readonly string[] {
  if (/^[A-Za-z0-9][\w.-]*$/.test(id)) return [];
  return [`plugins: "${id}" cannot be the id of an authenticator: use letters, digits, "-", "_" and ".".`];
}

/** The hub runs no service itself: one that would never start must not look as if it did. */
function serviceProblems({ provides, name }: PluginInstance): readonly string[] {
  if (provides !== Service) return [];
  return [
    `plugins: ${name} is a service that the hub would have to run. Run it beside the hub and name it in \`services\`.`,
  ];
}

function addressProblems(settings: Settings): readonly string[] {
  const urls = {
    bindUrl: settings.bindUrl,
    publicUrl: settings.publicUrl,
    'hub.connectUrl': settings.hub.connectUrl,
    'hub.balancerUrl': settings.hub.balancerUrl,
  };
  return Object.entries(urls).flatMap(([name, url]) => {
    if (url === '') return [];
    const parsed = URL.canParse(url) ? new URL(url) : null;
    if (parsed && (parsed.protocol === 'http:' || parsed.protocol === 'https:')) return [];
    return [`${name}: "${url}" is not an http or https address.`];
  });
}
