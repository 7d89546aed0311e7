import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ask, until } from '@hub/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePorts } from '../../core/test/differential/support/original.ts';
import type { HubSettings } from './support/hub.ts';
import { clone, machineReason, mayChangeMachine, SudoMachine, unreachable } from './support/sudo-machine.ts';

const reason = mayChangeMachine ? await unreachable() : machineReason;

/** Stands for a single-user server: answers those alone whom it believes. */
const server = `#!${process.execPath}
const { readFileSync } = require('node:fs');
const file = (name) => readFileSync(process.env['JUPYTERHUB_SSL_' + name]);
const { hostname, port } = new URL(process.env.JUPYTERHUB_SERVICE_URL);
require('node:https').createServer(
  { key: file('KEYFILE'), cert: file('CERTFILE'), ca: file('CLIENT_CA'), requestCert: true, rejectUnauthorized: true },
  (request, response) => response.end(process.env.JUPYTERHUB_USER),
).listen(Number(port), hostname);
`;

describe('internal TLS of a hub that is not root', () => {
  beforeEach(({ skip }) => skip(reason !== null, reason ?? ''));
  let machine: SudoMachine;
  let settings: HubSettings;
  let hub: ChildProcess | null = null;

  beforeAll(async () => {
    if (reason) return;
    machine = await SudoMachine.create();
    await machine.program('sudospawner-singleuser', server);
    const [one = 0, two = 0, three = 0] = await freePorts(3);
    settings = {
      folder: join(await machine.folder(), 'data'),
      ports: [one, two, three],
      mediatorPath: machine.mediator,
      apiToken: randomBytes(16).toString('hex'),
      internalTls: true,
    };
  });
  afterAll(async () => {
    if (hub) {
      const ended = once(hub, 'exit');
      hub.kill('SIGTERM');
      await ended;
    }
    await machine?.[Symbol.asyncDispose]();
  });

  /** Resolves with what it said when it ended, or with `ready`. */
  async function startHub(mediatorPath: string): Promise<string> {
    const program = `${clone}/packages/spawner-sudo/test/support/hub.ts`;
    const words = [process.execPath, '--conditions=@hub/source', program];
    const child = machine.launchAsHub([...words, JSON.stringify({ ...settings, mediatorPath })]);
    let said = '';
    child.stderr?.on('data', (text) => {
      said += text;
    });
    const ready = new Promise<string>((resolve) => child.stdout?.once('data', () => resolve('ready')));
    const outcome = await Promise.race([ready, once(child, 'exit').then(() => said)]);
    if (outcome === 'ready') hub = child;
    return outcome;
  }

  const byProxy = (method: 'GET' | 'POST' | 'DELETE', path: string) =>
    ask(`http://127.0.0.1:${settings.ports[0]}`, method, path, { token: settings.apiToken });

  it('does not start with a mediator that cannot hand certificates on', async () => {
    const old = await machine.program('old.mjs', '#!/bin/sh\necho hub-sudo-mediator, protocol 1\n');
    expect(await startHub(old)).toContain('cannot hand certificates to servers');
  });

  it('gives a server a certificate that its user alone can read, until it stops (W105)', async () => {
    const { ada } = machine;
    expect(await startHub(machine.mediator)).toBe('ready');
    expect((await byProxy('POST', `/hub/api/users/${ada}`)).status).toBe(201);
    expect((await byProxy('POST', `/hub/api/users/${ada}/server`)).status).toBe(201);
    expect(await byProxy('GET', `/user/${ada}/`)).toMatchObject({ status: 200, text: ada });

    const folder = `/home/${ada}/.jupyterhub/jupyterhub-certs`;
    const [launch = ''] = readdirSync(folder);
    const facts = [join(folder, launch), join(folder, launch, 'server.key')].map((path) => lstatSync(path));
    expect(facts.map(({ mode }) => mode & 0o777)).toEqual([0o700, 0o600]);
    const { uid } = lstatSync(`/home/${ada}`);
    expect(facts.map((one) => one.uid)).toEqual([uid, uid]);

    await byProxy('DELETE', `/hub/api/users/${ada}/server`);
    await until(async () => (await byProxy('GET', `/hub/api/users/${ada}`)).json.server === null, 60);
    await until(() => !existsSync(join(folder, launch)), 30);
  });
});
