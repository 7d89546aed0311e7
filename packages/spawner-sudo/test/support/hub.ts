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
  readonly internalTls?: boolean;
}

/** Each user has ports of the own: an option of the launch. */
function portsOf(user: string): { readonly from: number; readonly to: number } {
  const from = 12_000 + 100 * (user.length % 100);
  return { from, to: from + 99 };
}

const settings: HubSettings = JSON.parse(process.argv[2] ?? '{}');
const [publicPort, hubPort, proxyPort] = settings.ports;
const hub = await createHub({
  database: `private:${settings.folder}`,
  dataFolder: settings.folder,
  bindUrl: `http://127.0.0.1:${publicPort}`,
  hub: { port: hubPort },
  internalTls: { enabled: settings.internalTls ?? false },
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
      portRange: ({ user }) => portsOf(user.name),
      environment: { ...settings.environment },
    }),
    chpProxy({ apiUrl: `${settings.internalTls ? 'https' : 'http'}://127.0.0.1:${proxyPort}` }),
  ],
});
process.once('SIGTERM', () => hub.stop());
await hub.start();
console.log('ready');
await hub.stopped;
