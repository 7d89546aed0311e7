// What `npm start` runs: a hub for trying it, on this machine only.
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { sharedPasswordAuthenticator } from '@hub/auth-simple';
import { defineHub } from '@hub/core';
import { chpProxy } from '@hub/proxy-chp';
import { localSpawner } from '@hub/spawner-local';
import { web } from '@hub/web';
import { usableFolder } from './data-folder.ts';

const clone = path.resolve(import.meta.dirname, '../..');
const dataFolder = process.env.HUB_DATA_FOLDER ?? usableFolder(path.join(clone, 'hub-data'));
const port = Number(process.env.HUB_PORT ?? 8000);
const isRoot = process.getuid?.() === 0;

// New at every start, unless they are given.
const userPassword = process.env.HUB_PASSWORD ?? randomBytes(9).toString('base64url');
const adminPassword = process.env.HUB_ADMIN_PASSWORD ?? randomBytes(24).toString('base64url');

export default defineHub({
  bindUrl: `http://127.0.0.1:${port}`,
  hub: { port: port + 81 },
  dataFolder,
  plugins: [
    sharedPasswordAuthenticator({ userPassword, adminPassword, admins: ['admin'] }),
    localSpawner({
      // Everybody's server runs under the account that started the hub: no isolation, so only on loopback.
      runAs: 'hub',
      command: [path.join(clone, '.venv/bin/jupyterhub-singleuser'), ...(isRoot ? ['--allow-root'] : [])],
      workingDirectory: path.join(dataFolder, 'homes/{username}'),
    }),
    chpProxy({ apiUrl: `http://127.0.0.1:${port + 1}` }),
    web(),
  ],
  access: { admins: ['admin'], allowAll: true },
  servers: { named: true },
});

/** Printed beside the address once the hub serves. */
export function afterStart(): string[] {
  return [
    '',
    `  Sign in with any name and the password   ${userPassword}`,
    `  or as "admin" with                       ${adminPassword}`,
    '',
  ];
}
