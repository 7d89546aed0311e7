// One of several hubs, as a program of its own, so that a test can kill it.
import { testAuthenticator } from '../../../testing/src/index.ts';
import { createHub, createLogger } from '../../src/index.ts';
import { machineProxy, machineSpawner } from './machine-plugins.ts';

/** What the parent passes as the only argument. */
export interface HubProgramSettings {
  readonly database: string;
  readonly dataFolder: string;
  readonly host: string;
  readonly machine: string;
  readonly cookieSecret: string;
  readonly connectUrl: string;
  /** Token of a service that administers. */
  readonly adminToken: string;
  readonly concurrentStarts: number;
}

/** What the parent is told, once. */
export interface HubProgramReady {
  readonly url: string;
}

const settings: HubProgramSettings = JSON.parse(process.argv[2] ?? '{}');
const machine = { url: settings.machine, host: settings.host };

const hub = await createHub({
  database: settings.database,
  dataFolder: settings.dataFolder,
  host: settings.host,
  hub: { port: 0, connectUrl: settings.connectUrl },
  cookies: { secret: settings.cookieSecret },
  access: { allowAll: true },
  services: [{ name: 'administrator', admin: true, apiToken: settings.adminToken }],
  servers: { concurrentStarts: settings.concurrentStarts, slowStart: 0, slowStop: 0, keep: true },
  logger: createLogger('warn'),
  plugins: [testAuthenticator(), machineSpawner(machine), machineProxy(machine)],
});

process.on('SIGTERM', async () => {
  await hub.stop();
  process.exit(0);
});

await hub.start();
const ready: HubProgramReady = { url: hub.listenUrl };
process.send?.(ready);
