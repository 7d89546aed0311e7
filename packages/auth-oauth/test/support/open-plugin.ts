import type { Clock, HubInfo, Lifecycle, Logger, PluginInstance } from '@hub/core/plugin';
import { fakeLog } from './fake-log.ts';

/** What a plugin of this package makes, outside any hub. */
export interface OpenPlugin<T> extends AsyncDisposable {
  readonly made: T;
}

/** Makes what a hub would make of it: with the defaults of its options, the real time, and its lifecycle. */
export function openPlugin<T>(plugin: PluginInstance<T>, log: Logger = fakeLog().logger): OpenPlugin<T> {
  const defaults = Object.entries(plugin.schema.properties).flatMap(([name, { default: value }]) =>
    value === undefined ? [] : [[name, value]],
  );
  const ends: (() => unknown)[] = [];
  const lifecycle: Lifecycle = {
    onStart: () => undefined,
    onStop: (end) => void ends.push(() => end({ keepServers: false, keepProxy: false })),
  };
  const context = {
    options: { ...Object.fromEntries(defaults), ...plugin.options },
    id: plugin.id,
    lifecycle,
    log,
    clock: realClock,
    info: { hubPrefix: '/hub/' } satisfies Pick<HubInfo, 'hubPrefix'>,
  };
  const made = plugin.create(context);
  return {
    made,
    async [Symbol.asyncDispose]() {
      for (const end of ends) await end();
    },
  };
}

const realClock: Clock = {
  now: () => new Date(),
  monotonic: () => performance.now(),
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  every: () => () => undefined,
};
