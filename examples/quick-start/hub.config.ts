// What `npm start` runs: a hub for trying it, on this machine only.
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { sharedPasswordAuthenticator } from '@hub/auth-simple';
import { defineHub } from '@hub/core';
import { chpProxy } from '@hub/proxy-chp';
import { localSpawner } from '@hub/spawner-local';
import { web } from '@hub/web';
import { dataFolder } from './data-folder.ts';

const clone = path.resolve(import.meta.dirname, '../..');
const isRoot = process.getuid?.() === 0;

// New at every start, unless they are given.
const userPassword = process.env.HUB_PASSWORD ?? randomBytes(9).toString('base64url');
const adminPassword = process.env.HUB_ADMIN_PASSWORD ?? randomBytes(24).toString('base64url');

console.log(`
  Sign in with any name and the password   ${userPassword}
  or as "admin" with                       ${adminPassword}
`);

export default defineHub({
  bindUrl: `http://127.0.0.1:${process.env.HUB_PORT ?? 8000}`,
  database: `private:${dataFolder(path.join(clone, 'hub-data'))}`,
  plugins: [
    sharedPasswordAuthenticator({ userPassword, adminPassword }),
    localSpawner({
      // Everybody's server runs under the account that started the hub: no isolation, so only on loopback.
      runAs: 'hub',
      command: [path.join(clone, '.venv/bin/jupyterhub-singleuser'), ...(isRoot ? ['--allow-root'] : [])],
    }),
    chpProxy(),
    web(),
  ],
  access: { admins: ['admin'], allowAll: true },
  servers: { named: true },
});
