import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ask, trivialServer, until } from '@hub/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePorts } from '../../core/test/differential/support/original.ts';
import { openWitness, type Witness } from '../../testing/src/spawner-conformance/witness.ts';
import type { HubSettings } from './support/hub.ts';
import { installPython, missingPython } from './support/python.ts';
import { clone, machineReason, mayChangeMachine, SudoMachine, unreachable } from './support/sudo-machine.ts';

const reason = mayChangeMachine ? await unreachable() : machineReason;

describe('a whole hub that is not root', () => {
  beforeEach(({ skip }) => skip(reason !== null, reason ?? ''));
  let machine: SudoMachine;
  let witness: Witness;
  let settings: HubSettings;
  let hub: ChildProcess | null = null;

  beforeAll(async () => {
    if (reason) return;
    machine = await SudoMachine.create();
    witness = await openWitness('127.0.0.1');
    await machine.rule(`Defaults:${machine.hubUser} logfile="${join(machine.bin, 'sudo.log')}"`);
    const [one = 0, two = 0, three = 0] = await freePorts(3);
    settings = {
      folder: join(await machine.folder(), 'data'),
      ports: [one, two, three],
      mediatorPath: machine.mediator,
      apiToken: randomBytes(16).toString('hex'),
      environment: { TEST_WITNESS: witness.address, TEST_KEY: 'ada' },
    };
  });
  afterAll(async () => {
    if (hub) await request('DELETE', `/users/${machine.ada}/server`);
    await stopHub('SIGTERM');
    await witness?.[Symbol.asyncDispose]();
    await machine?.[Symbol.asyncDispose]();
  });

  async function startHub(): Promise<void> {
    const program = `${clone}/packages/spawner-sudo/test/support/hub.ts`;
    const words = [process.execPath, '--conditions=@hub/source', program, JSON.stringify(settings)];
    const child = machine.launchAsHub(words);
    let said = '';
    child.stderr?.on('data', (text) => {
      said += text;
    });
    const ready = new Promise((resolve) => child.stdout?.once('data', resolve));
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(`the hub ended: ${said}`)));
    ended.catch(() => undefined); // expected later
    await Promise.race([ready, ended]);
    hub = child;
  }

  async function stopHub(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    if (!hub) return;
    const ended = once(hub, 'exit');
    hub.kill(signal);
    await ended;
    hub = null;
  }

  const request = (method: 'GET' | 'POST' | 'DELETE', path: string) =>
    ask(`http://127.0.0.1:${settings.ports[1]}`, method, `/hub/api${path}`, { token: settings.apiToken });
  const isReady = async () => (await request('GET', `/users/${machine.ada}`)).json.server !== null;
  const throughProxy = (path: string) =>
    ask(`http://127.0.0.1:${settings.ports[0]}`, 'GET', `/user/${machine.ada}/${path}`);

  it('runs a server as its user; the token is seen by nobody else, and the server outlives a kill -9 of the hub', async () => {
    await machine.program('sudospawner-singleuser', `#!/bin/sh\nexec ${trivialServer.join(' ')} "$@"\n`);
    const { ada } = machine;
    await startHub();
    expect((await request('POST', `/users/${ada}`)).status).toBe(201);
    expect((await request('POST', `/users/${ada}/server`)).status).toBe(201);

    const { environment, folder } = (await throughProxy('')).json as {
      environment: Record<string, string>;
      folder: string;
    };
    expect(folder).toBe(`/home/${ada}`);
    expect(environment).toMatchObject({ USER: ada, HOME: `/home/${ada}`, JUPYTERHUB_USER: ada });
    const from = 12_000 + 100 * (ada.length % 100);
    const port = Number(new URL(environment.JUPYTERHUB_SERVICE_URL ?? '').port);
    expect(port, 'a range that is a function of the launch').toBeGreaterThanOrEqual(from);
    expect(port).toBeLessThan(from + 100);
    const token = environment.JUPYTERHUB_API_TOKEN ?? '';
    expect(token).toMatch(/^\w{20,}/);
    const [pid = 0] = processesWith('trivial-server');
    expect(statSync(`/proc/${pid}`).uid).toBe(statSync(`/home/${ada}`).uid);
    expect(processesWith(token)).toEqual([]);
    const sudoLog = readFileSync(join(machine.bin, 'sudo.log'), 'utf8');
    expect(sudoLog).toContain('COMMAND=');
    expect(sudoLog).not.toContain(token);

    await stopHub('SIGKILL');
    await startHub();
    expect(await isReady()).toBe(true);
    expect(processesWith('trivial-server')).toEqual([pid]);
    expect((await throughProxy('')).status).toBe(200);

    // P326: it ends, and this hub, which did not launch it, notices.
    process.kill(pid, 'SIGKILL');
    await until(async () => !(await isReady()), 60);
    await until(() => witness.running('ada') === 0, 30);
  }, 300_000);

  it('runs the real single-user server', async ({ skip }) => {
    const missing = missingPython('jupyterhub-singleuser');
    skip(missing !== null, missing ?? '');
    const { ada, bin } = machine;
    await installPython(machine, 'jupyterhub-singleuser');
    await machine.program('sudospawner-singleuser', `#!/bin/sh\nexec ${bin}/jupyterhub-singleuser "$@"\n`);
    if (!hub) await startHub();
    await request('POST', `/users/${ada}`);
    expect(await request('POST', `/users/${ada}/server`)).toMatchObject({ status: 201 });
    const version = await throughProxy('api');
    expect(version.json).toMatchObject({ version: expect.any(String) });
    expect((await request('DELETE', `/users/${ada}/server`)).status).toBe(204);
    expect(processesWith(`${bin}/jupyterhub-singleuser`)).toEqual([]);
  }, 300_000);

  /** Processes of ada's whose command line has these words. */
  function processesWith(words: string): readonly number[] {
    const uid = statSync(`/home/${machine.ada}`).uid;
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => {
        if (!Number.isInteger(pid)) return false;
        try {
          const line = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
          const isKeeper = line.startsWith('/bin/sh\0-c');
          return (
            line.includes(words) && !isKeeper && (words.length > 30 || statSync(`/proc/${pid}`).uid === uid)
          );
        } catch {
          return false; // gone meanwhile
        }
      });
  }
});
