import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { createTestHub } from '../../../testing/src/index.ts';

const python = path.resolve(import.meta.dirname, '../../../../.venv/bin/python');
const script = path.resolve(import.meta.dirname, 'hub-auth.py');

// Left out where the .venv that `npm start` makes is missing.
it.skipIf(!existsSync(python))(
  'an unmodified Python HubAuth learns who its visitors are (R47, W101)',
  async () => {
    const secret = 'web-secret-of-config';
    await using hub = await createTestHub({
      roles: [{ name: 'visitor', scopes: ['access:services!service=web'], users: ['ada'] }],
      services: [
        { name: 'web', url: 'http://127.0.0.1:9', apiToken: secret },
        { name: 'culler', apiToken: 'culler-secret-of-config', admin: true },
      ],
    });
    const [ada, bob] = [await hub.tokenOf('ada'), await hub.tokenOf('bob')];
    const { stdout } = await promisify(execFile)(
      python,
      [script, ada, bob, 'culler-secret-of-config', 'none'],
      {
        env: {
          PATH: process.env.PATH,
          JUPYTERHUB_API_URL: `${hub.url}/hub/api`,
          JUPYTERHUB_API_TOKEN: secret,
          JUPYTERHUB_SERVICE_NAME: 'web',
          JUPYTERHUB_SERVICE_PREFIX: '/services/web/',
        },
      },
    );

    expect(JSON.parse(stdout)).toEqual([
      {
        model: expect.objectContaining({ kind: 'user', name: 'ada', admin: false, groups: [] }),
        allowed: ['access:services!service=web'],
      },
      { model: expect.objectContaining({ name: 'bob' }), allowed: [] },
      {
        model: expect.objectContaining({ kind: 'service', name: 'culler', admin: true }),
        allowed: ['access:services'],
      },
      { model: null, allowed: [] },
    ]);
  },
);
