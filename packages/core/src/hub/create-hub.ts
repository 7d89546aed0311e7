import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { Container } from 'inversify';
import { systemClock } from '../kernel/index.ts';
import { createLogger } from '../observe/index.ts';
import { type Clock, HubError } from '../plugin/index.ts';
import type { Connection } from '../storage/database.ts';
import { Addresses } from './addresses.ts';
import { checkConfig } from './check-config.ts';
import type { HubConfig } from './config.ts';
import { findPlaces } from './data-folder.ts';
import { Hub } from './hub.ts';
import { LifecycleRunner } from './lifecycle.ts';
import { accountsModule, type Given, kernelModule, serversModule, storageModule } from './module.ts';
import { fromUrl } from './open-database.ts';
import { findPlace } from './place.ts';
import { bindPlugins } from './plugins.ts';

/** What tests put in the place of the machine's own. */
export interface Machine {
  readonly clock?: Clock;
}

/**
 * Checks a configuration and builds a hub from it. Nothing is started, listened to or written until `start`;
 * `await using hub = await createHub(…)` stops it at the end of the block.
 *
 * @throws HubError `HUB_CONFIG_INVALID` whose `problems` name every mistake.
 */
export async function createHub(config: HubConfig, machine: Machine = {}): Promise<Hub> {
  const { settings, plugins } = checkConfig(config);
  const places = findPlaces(settings);
  const log = config.logger ?? createLogger(settings.logLevel);
  const clock = machine.clock ?? systemClock;
  const addresses = new Addresses(settings, places.dataFolder);
  const run = { id: randomUUID(), host: addresses.host, place: await findPlace() };

  let opened: Connection | null = null;
  const connection = () => {
    if (opened) return opened;
    throw new HubError('HUB_DATABASE_UNAVAILABLE', 'The database is not open.');
  };
  const listenConnection = () => (settings.listenUrl === '' ? connection() : fromUrl(settings.listenUrl));
  const given: Given = { settings, addresses, run, log, clock, connection, listenConnection };

  const container = new Container({ defaultScope: 'Singleton' });
  container.load(kernelModule(given), storageModule(given), accountsModule(given), serversModule(given));
  const lifecycle = new LifecycleRunner(log);
  bindPlugins(container, plugins, lifecycle);
  container.load(...(config.modules ?? []));

  return new Hub({
    config,
    settings,
    places,
    addresses,
    run,
    log,
    clock,
    container,
    lifecycle,
    setConnection: (one) => {
      opened = one;
    },
  });
}
