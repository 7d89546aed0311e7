import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { Container } from 'inversify';
import { systemClock } from '../kernel/index.ts';
import { createLogger } from '../observe/index.ts';
import { HubError } from '../plugin/index.ts';
import type { Connection } from '../storage/database.ts';
import { Addresses } from './addresses.ts';
import { checkConfig } from './check-config.ts';
import type { HubConfig } from './config.ts';
import type { Machine } from './create-hub.ts';
import { findCryptKeys } from './crypt-keys.ts';
import { findPlaces } from './data-folder.ts';
import type { HubParts } from './hub.ts';
import { LifecycleRunner } from './lifecycle.ts';
import {
  accountsModule,
  type Given,
  identitiesModule,
  kernelModule,
  serversModule,
  servicesModule,
  sharingModule,
  storageModule,
  tlsModule,
} from './modules/index.ts';
import { fromUrl } from './open-database.ts';
import { findPlace } from './place.ts';
import { bindPlugins } from './plugins.ts';
import { LaterSealer } from './sealer.ts';

/** Wires a checked configuration: everything is made, nothing is open. */
export async function assemble(config: HubConfig, machine: Machine = {}): Promise<HubParts> {
  const { settings, plugins, accounts, profiles, warnings } = checkConfig(config);
  const places = findPlaces(settings);
  const log = config.logger ?? createLogger(settings.logLevel);
  const clock = machine.clock ?? systemClock;
  const addresses = new Addresses(settings, places);
  const run = { id: randomUUID(), host: addresses.host, place: await findPlace() };

  const cryptKeys = findCryptKeys(settings, places, process.env);
  const sealer = new LaterSealer(cryptKeys.keys);

  let opened: Connection | null = null;
  const connection = () => {
    if (opened) return opened;
    throw new HubError('HUB_DATABASE_UNAVAILABLE', 'The database is not open.');
  };
  const listenConnection = () => (settings.listenUrl === '' ? connection() : fromUrl(settings.listenUrl));
  const given: Given = {
    settings,
    accounts,
    profiles,
    addresses,
    run,
    log,
    clock,
    sealer,
    connection,
    listenConnection,
  };

  const container = new Container({ defaultScope: 'Singleton' });
  container.load(kernelModule(given), storageModule(given), accountsModule(given, config.hooks ?? {}));
  container.load(identitiesModule(given, config.hooks ?? {}));
  container.load(
    serversModule(given, config.hooks ?? {}),
    servicesModule(given),
    sharingModule(given),
    tlsModule(given),
  );
  const lifecycle = new LifecycleRunner(log);
  bindPlugins(container, plugins, lifecycle);
  container.load(...(config.modules ?? []));

  return {
    config,
    settings,
    warnings: [...warnings, ...cryptKeys.warnings],
    cryptKeys,
    sealer,
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
  };
}
