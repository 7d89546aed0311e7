import { once } from 'node:events';
import { sharedPasswordAuthenticator } from '@hub/auth-simple';
import { createHub } from '@hub/core';
import { chpProxy } from '@hub/proxy-chp';
import { localSpawner } from '@hub/spawner-local';
import { web } from '@hub/web';

const authenticator = sharedPasswordAuthenticator({ userPassword: 'open sesame' });
await using hub = await createHub({
  plugins: [authenticator, localSpawner({ runAs: 'hub' }), chpProxy(), web()],
  access: { allowAll: true },
  dataFolder: './hub-data',
});
const interrupted = once(process, 'SIGINT');
await hub.start();
await interrupted;
