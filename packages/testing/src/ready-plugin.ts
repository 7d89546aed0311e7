import { checkPlugin } from '@hub/core';
import {
  Clock,
  HubError,
  HubInfo,
  InternalTls,
  Logger,
  type PluginInstance,
  type StopMode,
  type Token,
  withoutInternalTls,
} from '@hub/core/plugin';
import { freezableClock } from './test-hub/freezable-clock.ts';
import { type LogLine, recordedLog } from './test-hub/recorded-log.ts';

/** A plugin without a hub around it. */
export interface ReadyPlugin<T> {
  readonly made: T;
  /** Everything it logged. */
  readonly logged: LogLine[];
  /** Stops what it had started. */
  dispose(mode?: StopMode): Promise<void>;
}

/** What a plugin is given besides its options. */
export interface ReadyPluginOptions {
  /** Needs by name, besides Logger, Clock, HubInfo and InternalTls. */
  readonly needs?: Readonly<Record<string, unknown>>;
  /** Where it may keep files. */
  readonly dataFolder?: string;
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
 * Makes a plugin as a hub would: options checked and filled in, what it needs given, its start run.
 *
 * @throws HubError `HUB_CONFIG_INVALID` for options that are wrong.
 */
export async function readyPlugin<T>(
  plugin: PluginInstance<T>,
  { needs = {}, dataFolder = '' }: ReadyPluginOptions = {},
): Promise<ReadyPlugin<T>> {
  const { options, problems } = checkPlugin(plugin, 0);
  if (problems.length > 0) {
    throw new HubError('HUB_CONFIG_INVALID', `${plugin.name} is not configured right.`, { problems });
  }
  const logged: LogLine[] = [];
  const known = new Map<Token<unknown>, unknown>([
    [Logger, recordedLog(logged)],
    [Clock, freezableClock()],
    [HubInfo, { ...info, dataFolder }],
    [InternalTls, withoutInternalTls],
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
  const made = plugin.create(context);
  for (const start of starts) await start(new AbortController().signal);
  return {
    made,
    logged,
    async dispose(mode = { keepServers: false, keepProxy: false }) {
      for (const stop of stops) await stop(mode);
    },
  };
}
