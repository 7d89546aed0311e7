import {
  type HubInfo,
  type Logger,
  type OptionsInput,
  type Spawner,
  withoutInternalTls,
} from '@hub/core/plugin';
import { sudoSpawner, type sudoSpawnerOptions } from '../../src/index.ts';

type Input = OptionsInput<typeof sudoSpawnerOptions>;

/** Short waits, so that a stubborn server is killed within seconds. */
const quick = { interruptTimeout: 0.4, termTimeout: 0.4, killTimeout: 5 };

/** A driver outside any hub. */
export function driver(dataFolder: string, options: Input): Spawner & { end(): Promise<void> } {
  const stops: ((mode: { keepServers: boolean; keepProxy: boolean }) => unknown)[] = [];
  const { properties } = sudoSpawner.definition.options;
  const defaults = Object.entries(properties).flatMap(([name, schema]) =>
    'default' in schema ? [[name, schema.default]] : [],
  );
  const context = {
    options: { ...Object.fromEntries(defaults), ...quick, ...options },
    id: 'sudo',
    lifecycle: { onStart: () => {}, onStop: (stop: (typeof stops)[number]) => void stops.push(stop) },
    log: silent,
    hub: { ...hub, dataFolder },
    tls: withoutInternalTls,
  };
  const spawner = sudoSpawner(options).create(context);
  return Object.assign(spawner, {
    async end() {
      for (const stop of stops) await stop({ keepServers: true, keepProxy: true });
    },
  });
}

const hub: HubInfo = {
  baseUrl: '/',
  hubPrefix: '/hub/',
  publicUrl: '',
  connectUrl: 'http://127.0.0.1:8081',
  bindUrl: 'http://127.0.0.1:8000',
  version: '0.1.0',
  compatibleVersion: '6.1.1',
  dataFolder: '',
  mayMakeSecrets: true,
  host: 'test',
};

export const silent: Logger = {
  trace() {},
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silent,
};
