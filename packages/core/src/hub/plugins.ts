import type { Container } from 'inversify';
import type { AuthenticatorInstance } from '../accounts/index.ts';
import {
  Authenticator,
  HubError,
  type Proxy as HubProxy,
  InternalTls,
  isHubError,
  Logger,
  Pages,
  Proxy as ProxyToken,
  Spawner,
  spawnerOptions,
} from '../plugin/index.ts';
import { type SpawnerInstance, type SpawnerOptions, Spawners, spawners } from '../servers/index.ts';
import type { CheckedPlugin } from './check-config.ts';
import { checkOptions, launchCheck } from './check-options.ts';
import { requirePlacesCertificates } from './internal-tls.ts';
import type { LifecycleRunner } from './lifecycle.ts';
import { services } from './tokens.ts';

/** Makes every plugin of a configuration and binds the registries that rooms ask for. */
export function bindPlugins(
  container: Container,
  plugins: readonly CheckedPlugin[],
  lifecycle: LifecycleRunner,
): void {
  const authenticators: AuthenticatorInstance[] = [];
  const drivers: SpawnerInstance[] = [];
  const proxies = new Map<string, HubProxy>();
  let pages: Pages | null = null;
  const problems: string[] = [];

  for (const given of plugins) {
    const { instance } = given;
    const plugin = instance.provides === Spawner ? withBareAddress(given) : given;
    try {
      const made = create(container, plugin, lifecycle);
      if (instance.provides === Authenticator)
        authenticators.push({ id: instance.id, authenticator: made as Authenticator });
      else if (instance.provides === Spawner) drivers.push(spawner(plugin, made as Spawner));
      else if (instance.provides === ProxyToken) proxies.set(instance.id, made as HubProxy);
      else if (instance.provides === Pages) pages = made as Pages;
      else container.bind(instance.provides).toConstantValue(made);
    } catch (error) {
      problems.push(...whatFailed(instance.name, error));
    }
  }
  if (problems.length > 0) {
    throw new HubError('HUB_CONFIG_INVALID', 'Some plugins could not be made.', { problems });
  }
  if (container.get(InternalTls).on) requirePlacesCertificates(drivers);
  container.bind(services.authenticators).toConstantValue(authenticators);
  container.bind(Spawners).toConstantValue(spawners(drivers));
  container.bind(services.proxies).toConstantValue(proxies);
  container.bind(services.pages).toConstantValue(pages);
}

function create(
  container: Container,
  { instance, options }: CheckedPlugin,
  lifecycle: LifecycleRunner,
): unknown {
  const needs = Object.entries(instance.needs).map(([name, token]) => {
    const value =
      token === Logger ? container.get(Logger).child({ plugin: instance.id }) : container.get(token);
    return [name, value] as const;
  });
  const context = {
    options,
    lifecycle: lifecycle.part(instance.name),
    id: instance.id,
    ...Object.fromEntries(needs),
  };
  return instance.create(context);
}

/** An IPv6 address to listen at may be written as in a URL: `[::1]`. Sockets know it without brackets. */
function withBareAddress({ instance, options }: CheckedPlugin): CheckedPlugin {
  const { ip } = options;
  if (typeof ip !== 'string') return { instance, options };
  return { instance, options: { ...options, ip: ip.replace(/^\[(.*)\]$/, '$1') } };
}

/** A spawner's own schema may leave out common options: the hub's defaults then hold. */
function spawner({ instance, options }: CheckedPlugin, driver: Spawner): SpawnerInstance {
  const common = Object.fromEntries(
    Object.keys(spawnerOptions).flatMap((key) => (key in options ? [[key, options[key]]] : [])),
  );
  const { options: filled } = checkOptions(
    { type: 'object', properties: spawnerOptions },
    common,
    instance.name,
  );
  const schema = { ...spawnerOptions, ...instance.schema.properties };
  return {
    id: instance.id,
    name: instance.name,
    version: instance.version,
    driver,
    // Checked against the very schema this type is made from.
    options: filled as SpawnerOptions,
    schema,
    given: { ...filled, ...options },
    problems: launchCheck(schema, `${instance.name} (${instance.id})`),
  };
}

function whatFailed(name: string, error: unknown): readonly string[] {
  if (isHubError(error) && error.problems.length > 0)
    return error.problems.map((problem) => `${name}: ${problem}`);
  const message = error instanceof Error ? error.message : String(error);
  const hint = isHubError(error) && error.hint ? ` ${error.hint}` : '';
  return [`${name}: ${message}${hint}`];
}
