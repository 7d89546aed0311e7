import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Contender, logOf, root } from './contender.ts';

/** JupyterHub from PyPI, with SQLite and the proxy this workspace has. */
export const jupyterHub: Contender = {
  name: 'jupyterhub',
  title: 'JupyterHub 6.1.1',
  insertsInto: 'stopped',
  saysLookedAt: /Initialized (\d+) spawners in/,
  async insertPeople({ folder }, people) {
    await promisify(execFile)(
      path.join(root, '.venv/bin/python'),
      [path.join(import.meta.dirname, 'insert_people.py'), JSON.stringify(people)],
      { cwd: folder },
    );
  },
  async launch(settings) {
    const token = randomBytes(16).toString('hex');
    const programs = ['.venv/bin', 'packages/proxy-chp/node_modules/.bin', 'node_modules/.bin'];
    await using log = await open(logOf(settings.folder), 'a');
    const process_ = spawn(
      path.join(root, '.venv/bin/jupyterhub'),
      ['-f', path.join(import.meta.dirname, 'jupyterhub_config.py')],
      {
        cwd: settings.folder,
        env: {
          ...process.env,
          PATH: [...programs.map((folder) => path.join(root, folder)), process.env.PATH].join(path.delimiter),
          BENCH_SETTINGS: JSON.stringify({ ...settings, token }),
        },
        stdio: ['ignore', log.fd, log.fd],
      },
    );
    return { process: process_, token: Promise.resolve(token) };
  },
};
