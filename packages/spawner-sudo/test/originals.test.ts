import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { ask, trivialServer, until } from '@hub/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { freePorts } from '../../core/test/differential/support/original.ts';
import { openWitness, type Witness } from '../../testing/src/spawner-conformance/witness.ts';
import { OneServer } from './support/one-server-client.ts';
import { installPython, missingPython } from './support/python.ts';
import {
  clone,
  machineReason,
  mayChangeMachine,
  reachablePath,
  SudoMachine,
  unreachable,
} from './support/sudo-machine.ts';

const reason = mayChangeMachine
  ? ((await unreachable()) ?? missingPython('jupyterhub', 'sudospawner'))
  : machineReason;

describe('either mediator serves either hub', () => {
  beforeEach(({ skip }) => skip(reason !== null, reason ?? ''));
  let machine: SudoMachine;
  let witness: Witness;
  beforeAll(async () => {
    if (reason) return;
    machine = await SudoMachine.create();
    witness = await openWitness('127.0.0.1');
    await installPython(machine, 'jupyterhub', 'sudospawner');
    await machine.program('sudospawner-singleuser', `#!/bin/sh\nexec ${trivialServer.join(' ')} "$@"\n`);
    await machine.rule(`${machine.hubUser} ALL=(%${machine.group}) NOPASSWD: ${machine.bin}/sudospawner`);
  });
  afterAll(async () => {
    await witness?.[Symbol.asyncDispose]();
    await machine?.[Symbol.asyncDispose]();
  });

  it('our spawner starts, polls and stops by the mediator of sudospawner (P321, P322, P323, P325)', async () => {
    await using one = await OneServer.open(machine, `${machine.bin}/sudospawner`, witness.address);
    const account = machine.ada;
    const { answer, state, error } = await one.ask({ call: 'start', account });
    expect(error).toBeUndefined();
    const { pid, group } = state as { pid: number; group: number };
    expect(group).not.toBe(pid); // that mediator leads the group, and the hub signals all of it
    expect(statSync(`/proc/${pid}`).uid).toBe(statSync(`/home/${account}`).uid);
    expect((await ask(String(answer), 'GET', '/user/ada/')).json).toMatchObject({
      folder: `/home/${account}`,
    });
    expect(await one.ask({ call: 'poll', account })).toEqual({ answer: null });
    expect(await one.ask({ call: 'stop', account })).toEqual({ answer: null });
    expect((await one.ask({ call: 'poll', account })).answer).toMatchObject({ code: 0 });
    await until(() => witness.seen().every((key) => witness.running(key) === 0), 30);
  }, 300_000);

  it('the original hub with its SudoSpawner starts and stops by our mediator (P321, P322, P323)', async () => {
    const [one = 0, two = 0, three = 0] = await freePorts(3);
    const [publicUrl, hubUrl, proxyApiUrl] = [one, two, three].map((port) => `http://127.0.0.1:${port}`);
    const apiToken = randomBytes(16).toString('hex');
    const environment = { TEST_WITNESS: witness.address, TEST_KEY: 'original' };
    const proxy = join(clone, 'packages/proxy-chp/node_modules/.bin');
    const config = join(clone, 'packages/spawner-sudo/test/support/jupyterhub_config.py');
    const words = ['sh', '-c', 'cd "$1"; exec "$2" -f "$3"', 'sh', await machine.folder()];
    const { mediator: mediatorPath } = machine;
    const hub = machine.launchAsHub([...words, join(machine.bin, 'jupyterhub'), config], {
      PATH: [proxy, reachablePath()].join(delimiter),
      TEST_SETTINGS: JSON.stringify({
        publicUrl,
        hubUrl,
        proxyApiUrl,
        mediatorPath,
        apiToken,
        environment,
      }),
    });
    let said = '';
    for (const pipe of [hub.stdout, hub.stderr]) pipe?.on('data', (text) => (said += text));
    const ended = once(hub, 'exit');
    // Not by `ask`, which holds answers against the description of our API.
    const request = (method: 'GET' | 'POST' | 'DELETE', path: string) =>
      fetch(`${hubUrl}/hub/api${path}`, { method, headers: { authorization: `token ${apiToken}` } });
    const server = `/users/${machine.ada}/server`;
    try {
      await until(async () => {
        if (hub.exitCode !== null) throw new Error(`the original hub ended: ${said}`);
        return (await request('GET', '/users').catch(() => null))?.status === 200;
      }, 120);
      await request('POST', `/users/${machine.ada}`);
      const started = await request('POST', server);
      expect(started.status, said).toBe(201);
      expect(witness.running('original')).toBe(1);
      const answer = await fetch(`${publicUrl}/user/${machine.ada}/`);
      expect(await answer.json()).toMatchObject({
        folder: `/home/${machine.ada}`,
        environment: { USER: machine.ada },
      });
      expect((await request('DELETE', server)).status).toBe(204);
      await until(() => witness.running('original') === 0, 30);
      expect(witness.signals('original')).toEqual(['SIGINT']);
    } finally {
      hub.kill('SIGTERM');
      await ended;
    }
  }, 300_000);
});
