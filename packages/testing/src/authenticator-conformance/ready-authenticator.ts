import { checkPlugin } from '@hub/core';
import {
  type Authenticator,
  Clock,
  HubError,
  HubInfo,
  Logger,
  type PluginInstance,
  type StopMode,
  type Token,
} from '@hub/core/plugin';
import { freezableClock } from '../test-hub/freezable-clock.ts';
import { type LogLine, recordedLog } from '../test-hub/recorded-log.ts';

/** An authenticator without a hub around it. */
export interface ReadyAuthenticator {
  readonly authenticator: Authenticator;
  /** Everything it logged. */
  readonly logged: LogLine[];
  /** Stops what it had started. */
  dispose(): Promise<void>;
}

const info: HubInfo = {
  baseUrl: '/',
  hubPrefix: '/hub/',
  publicUrl: 'http://127.0.0.1:8000/',
  connectUrl: 'http://127.0.0.1:8081',
  bindUrl: 'http://127.0.0.1:8000',
  version: '0.0.0',
  compatibleVersion: '6.1.1',
  dataFolder: '',
  mayMakeSecrets: true,
  host: 'test',
};

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
  const { options, problems } = checkPlugin(plugin, 0);
  if (problems.length > 0) {
    throw new HubError('HUB_CONFIG_INVALID', `${plugin.name} is not configured right.`, { problems });
  }
  const logged: LogLine[] = [];
  const known = new Map<Token<unknown>, unknown>([
    [Logger, recordedLog(logged)],
    [Clock, freezableClock()],
    [HubInfo, info],
  ]);
  const starts: ((signal: AbortSignal) => unknown)[] = [];
  const stops: ((mode: StopMode) => unknown)[] = [];
  const context = {
    options,
    id: plugin.id,
    lifecycle: {
      onStart: (run: (typeof starts)[number]) => void starts.push(run),
      onStop: (run: (typeof stops)[number]) => void stops.unshift(run),
    },
    ...Object.fromEntries(Object.entries(plugin.needs).map(([name, token]) => [name, known.get(token)])),
    ...needs,
  };
  const authenticator = plugin.create(context);
  for (const start of starts) await start(new AbortController().signal);
  return {
    authenticator,
    logged,
    async dispose() {
      for (const stop of stops) await stop({ keepServers: false, keepProxy: false });
    },
  };
}
