// A whole hub as a program of its own, as root or not, that can be held at any step of a start or stop and killed there.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sharedPasswordAuthenticator } from '../../../../auth-simple/src/index.ts';
import { chpProxy } from '../../../../proxy-chp/src/index.ts';
import { localSpawner } from '../../../../spawner-local/src/index.ts';
import { sudoSpawner } from '../../../../spawner-sudo/src/index.ts';
import { createHub, createLogger } from '../../../src/index.ts';
import type { Launch, PluginInstance, Proxy as ProxyPlugin, Spawner } from '../../../src/plugin/index.ts';

/** Where a start or a stop can be held, in the order of their happening. */
export type Hold =
  | 'environment'
  | 'before-save'
  | 'after-save'
  | 'launched'
  | 'before-route'
  | 'after-route'
  | 'after-stop';

/** What the only argument says. */
export interface HubProgramSettings {
  readonly kind: 'local' | 'sudo';
  /** Of the database and the hub's other files. */
  readonly dataFolder: string;
  /** Here a file `<hold>.<user>` holds whoever gets there, who then makes `<hold>.<user>.reached` beside the data. */
  readonly steering: string;
  readonly ports: { readonly hub: number; readonly public: number; readonly proxy: number };
  /** Of a service that may do anything. */
  readonly apiToken: string;
  /** Options of the spawner. */
  readonly spawner: Readonly<Record<string, unknown>>;
  readonly servers: Readonly<Record<string, unknown>>;
}

const settings: HubProgramSettings = JSON.parse(process.argv[2] ?? '{}');
const { dataFolder, ports } = settings;

async function hold(where: Hold, user: string, signal?: AbortSignal): Promise<void> {
  const flag = join(settings.steering, `${where}.${user}`);
  if (!existsSync(flag)) return;
  writeFileSync(join(dataFolder, `${where}.${user}.reached`), '');
  while (existsSync(flag)) await delay(20, undefined, signal ? { signal } : {});
}

/** The real spawner, which stands still where it is told to. */
function heldSpawner(instance: PluginInstance<Spawner>): PluginInstance<Spawner> {
  return {
    ...instance,
    create(context) {
      const driver = instance.create(context);
      return {
        ...driver,
        async start(launch: Launch) {
          const user = launch.user.name;
          const address = await driver.start({
            ...launch,
            async environment(bind) {
              await hold('environment', user, launch.signal);
              return launch.environment(bind);
            },
            async saveState(state) {
              await hold('before-save', user, launch.signal);
              await launch.saveState(state);
              await hold('after-save', user, launch.signal);
            },
          });
          await hold('launched', user, launch.signal);
          return address;
        },
      };
    },
  };
}

function heldProxy(instance: PluginInstance<ProxyPlugin>): PluginInstance<ProxyPlugin> {
  return {
    ...instance,
    create(context) {
      const proxy = instance.create(context);
      return {
        ...proxy,
        async addRoute(route, ...more) {
          const [, user = ''] = /^\/user\/([^/]+)/.exec(route.spec) ?? [];
          await hold('before-route', user);
          await proxy.addRoute(route, ...more);
          await hold('after-route', user);
        },
      };
    },
  };
}

const spawner =
  settings.kind === 'local'
    ? localSpawner({ runAs: 'user', ...settings.spawner })
    : sudoSpawner({ mediatorPath: '', ...settings.spawner });

const hub = await createHub({
  database: `private:${dataFolder}`,
  dataFolder,
  bindUrl: `http://127.0.0.1:${ports.public}`,
  host: 'this-machine',
  hub: { port: ports.hub },
  access: { allowAll: true },
  services: [{ name: 'test', apiToken: settings.apiToken, admin: true }],
  servers: { slowStart: 0, slowStop: 0, ...settings.servers },
  logger: createLogger('info'),
  hooks: { afterStop: ({ owner }) => hold('after-stop', owner.name) },
  plugins: [
    sharedPasswordAuthenticator({ userPassword: 'a password of users', adminPassword: settings.apiToken }),
    heldSpawner(spawner),
    heldProxy(
      chpProxy({ apiUrl: `http://127.0.0.1:${ports.proxy}`, authToken: 'of-the-test', checkInterval: 1 }),
    ),
  ],
});
process.once('SIGTERM', () => hub.stop());
await hub.start();
console.log('ready');
await hub.stopped;
