import { hubInfo, testHub } from './test-context.ts';

// Run as a process of its own by tests that kill it: a hub that starts its proxy and adds a route.
const [dataFolder = '', port = ''] = process.argv.slice(2);
const hub = testHub({
  hubInfo: hubInfo(dataFolder, Number(port)),
  publicUrl: '',
  folder: '',
  remove: async () => {},
});
await hub.start();
await hub.proxy.addRoute({ spec: '/user/ada/', target: 'http://127.0.0.1:9', data: { user: 'ada' } });
process.stdout.write('ready\n');
setInterval(() => {}, 60_000);
