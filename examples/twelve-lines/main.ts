import { once } from 'node:events';
import { sharedPasswordAuthenticator } from '@hub/auth-simple';
import { createHub } from '@hub/core';
import { chpProxy } from '@hub/proxy-chp';
import { localSpawner } from '@hub/spawner-local';
import { web } from '@hub/web';

await using hub = await createHub({
  bindUrl: 'http://127.0.0.1:8000',
  plugins: [
    sharedPasswordAuthenticator({ userPassword: 'open sesame' }),
    localSpawner({ runAs: 'hub' }),
    chpProxy(),
    web(),
  ],
  access: { allowAll: true },
});
await hub.start();
await once(process, 'SIGTERM');
