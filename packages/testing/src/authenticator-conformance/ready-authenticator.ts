import type { Authenticator, PluginInstance } from '@hub/core/plugin';
import { readyPlugin } from '../ready-plugin.ts';
import type { LogLine } from '../test-hub/recorded-log.ts';

/** An authenticator without a hub around it. */
export interface ReadyAuthenticator {
  readonly authenticator: Authenticator;
  /** Everything it logged. */
  readonly logged: LogLine[];
  /** Stops what it had started. */
  dispose(): Promise<void>;
}

/**
 * Makes an authenticator as a hub would: options checked and filled in, what it needs given, its start run. Logger,
 * Clock and HubInfo are known; other needs come by name in `needs`.
 *
 * @throws HubError `HUB_CONFIG_INVALID` for options that are wrong.
 */
export async function readyAuthenticator(
  plugin: PluginInstance<Authenticator>,
  { needs = {} }: { readonly needs?: Readonly<Record<string, unknown>> } = {},
): Promise<ReadyAuthenticator> {
  const { made, logged, dispose } = await readyPlugin(plugin, { needs });
  return { authenticator: made, logged, dispose: () => dispose() };
}
