import { createHash } from 'node:crypto';
import type { HubConfig } from './config.ts';

/** A short hash per key of a configuration, so that hubs can tell which of their settings differ. */
export function fingerprint(config: HubConfig): Record<string, string> {
  const { logger: _logger, modules: _modules, plugins, ...data } = config;
  // These differ from hub to hub by nature.
  const {
    host: _host,
    dataFolder: _folder,
    database: _database,
    listenUrl: _listen,
    bindUrl: _bind,
    hub: _hub,
    // Rows of their own compare these.
    cryptKeys: _keys,
    cryptKeysFile: _keysFile,
    ...shared
  } = data;
  const named = {
    ...shared,
    ...Object.fromEntries(plugins.map((plugin) => [`plugin ${plugin.id}`, plugin.options])),
  };
  return Object.fromEntries(Object.entries(named).map(([key, value]) => [key, short(value)]));
}

function short(value: unknown): string {
  const text =
    JSON.stringify(value, (_key, one: unknown) => (typeof one === 'function' ? String(one) : one)) ?? '';
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}
