// The hub that is measured, in a process of its own. Started by this-hub.ts.
import { dummyAuthenticator } from '@hub/auth-simple';
import { createHub, definePlugin, Spawner } from '@hub/core';
import { chpProxy } from '@hub/proxy-chp';
import { localSpawner } from '@hub/spawner-local';
import { web } from '@hub/web';
import type { HubSettings } from './contender.ts';

const given: HubSettings = JSON.parse(process.argv[2] ?? '');

/** For rows of servers that nobody started: they run for ever. */
const rowsSpawner = definePlugin({
  name: 'rows',
  api: 1,
  provides: Spawner,
  options: { type: 'object', properties: {} },
  needs: {},
  create: (): Spawner => ({
    start: () => Promise.reject(new Error('these servers are rows alone')),
    poll: async () => null,
    stop: async () => undefined,
  }),
});

const hub = await createHub({
  bindUrl: given.publicUrl,
  hub: { port: Number(new URL(given.hubUrl).port) },
  dataFolder: `${given.folder}/data`,
  plugins: [
    dummyAuthenticator(),
    localSpawner({
      runAs: 'hub',
      command: [...given.command],
      startTimeout: given.startTimeout,
      httpTimeout: given.startTimeout,
      pollInterval: given.pollInterval,
      workingDirectory: `${given.homes}/{username}`,
    }),
    ...(given.rowsForServers ? [rowsSpawner()] : []),
    chpProxy({ apiUrl: given.proxyApiUrl, authToken: given.proxyToken }),
    web(),
  ],
  access: { admins: ['admin'], allowAll: true },
  // A request answers when its server is there, however long that takes.
  servers: { slowStart: 150, slowStop: 150 },
});

async function stop(): Promise<void> {
  await hub.stop(given.rowsForServers || given.keepServers ? { keepServers: true } : {});
  if (process.connected) process.disconnect?.();
}
process.once('SIGTERM', stop);
// Nobody is left to measure.
process.once('disconnect', stop);

await hub.start();
const admin = await hub.users.get('admin');
if (!admin) throw new Error('The administrator of the configuration is missing.');
const { token } = await hub.tokens.create({ kind: 'hub', name: 'bench' }, admin, { note: 'bench' });
process.send?.(token);
