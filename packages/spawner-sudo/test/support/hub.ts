// A program: a whole hub, run as an unprivileged user.

import { createHub, createLogger } from '@hub/core';
import { sharedPasswordAuthenticator } from '../../../auth-simple/src/index.ts';
import { chpProxy } from '../../../proxy-chp/src/index.ts';
import { sudoSpawner } from '../../src/index.ts';

/** What the only argument says. */
export interface HubSettings {
  readonly folder: string;
  readonly ports: readonly [publicPort: number, hubPort: number, proxyPort: number];
  readonly mediatorPath: string;
  /** A service's, which may do anything. */
  readonly apiToken: string;
  readonly environment?: Readonly<Record<string, string>>;
}

const settings: HubSettings = JSON.parse(process.argv[2] ?? '{}');
const [publicPort, hubPort, proxyPort] = settings.ports;
const hub = await createHub({
  database: `private:${settings.folder}`,
  dataFolder: settings.folder,
  bindUrl: `http://127.0.0.1:${publicPort}`,
  hub: { port: hubPort },
  access: { allowAll: true },
  services: [{ name: 'test', apiToken: settings.apiToken, admin: true }],
  servers: { slowStart: 120, slowStop: 60 },
  logger: createLogger('warn'),
  plugins: [
    sharedPasswordAuthenticator({ userPassword: 'a password of users', adminPassword: settings.apiToken }),
    sudoSpawner({
      mediatorPath: settings.mediatorPath,
      interruptTimeout: 10,
      startTimeout: 120,
      httpTimeout: 120,
      pollInterval: 1,
      environment: { ...settings.environment },
    }),
    chpProxy({ apiUrl: `http://127.0.0.1:${proxyPort}` }),
  ],
});
process.once('SIGTERM', () => hub.stop());
await hub.start();
console.log('ready');
await hub.stopped;
