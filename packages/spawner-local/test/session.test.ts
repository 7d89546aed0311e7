import { readFileSync } from 'node:fs';
import { isAlive } from '@hub/posix';
import { fakeLaunch, type LogLine, recordedLog } from '@hub/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { tracedService } from '../../posix/test/support/session-machine.ts';
import type { LocalState } from '../src/index.ts';
import { type Driver, driver } from './driver.ts';
import {
  machineReason,
  mayChangeMachine,
  type TestUser,
  type UserMachine,
  userMachine,
} from './user-machine.ts';

const answering = `
  const { hostname, port } = new URL(process.env.JUPYTERHUB_SERVICE_URL);
  require('node:http').createServer((_, response) => response.end('here')).listen(Number(port), hostname);`;
const opened = ['open_session'];
const closed = ['open_session', 'close_session'];
type Options = Parameters<typeof driver>[0];

describe('pamService', () => {
  beforeEach(({ skip }) => skip(!mayChangeMachine, machineReason));

  let machine: UserMachine;
  let ada: TestUser;
  let node: string;
  const cleanUp: (() => Promise<void> | void)[] = [];
  beforeAll(async () => {
    if (!mayChangeMachine) return;
    machine = await userMachine();
    ada = await machine.user();
    [node = ''] = await machine.forUsers([process.execPath]);
  });
  afterAll(() => machine?.[Symbol.asyncDispose]());
  afterEach(async () => {
    for (const clean of cleanUp.splice(0).reverse()) await clean();
  });

  const make = (options: Options): Driver => {
    const made = driver({
      runAs: 'user',
      account: ada.name,
      controlGroup: machine.controlGroup,
      command: [node, '-e', answering],
      ...options,
    });
    cleanUp.push(async () => {
      await made.end();
      made.dispose();
    });
    return made;
  };
  const started = async (options: Options, launch = fakeLaunch({ witness: '' })) => {
    const made = make(options);
    cleanUp.push(() => made.spawner.stop(launch.running(), 'now'));
    await made.spawner.start(launch.launch);
    const state = launch.state as LocalState;
    if (!state.keeper) throw new Error('Nobody keeps a session.');
    return { ...made, made: launch, state, keeper: state.keeper };
  };

  it('P155, P815: one session for each server, open before it runs and closed when the stop resolves', async () => {
    const service = await tracedService(machine.machine, ada.name);
    const { spawner, made, keeper } = await started({ pamService: service.name });
    expect(service.trace()).toEqual(opened);
    await spawner.stop(made.running(), 'politely');
    expect(service.trace()).toEqual(closed);
    expect(await isAlive(keeper)).toBe(false);
  });

  it('the session of a server that ends by itself is closed, and any later hub learns how it ended', async () => {
    const service = await tracedService(machine.machine, ada.name);
    const { spawner, made, state, again } = await started({ pamService: service.name });
    const next = again();
    cleanUp.push(() => next.end());
    expect(await next.spawner.poll(made.running())).toBeNull();
    process.kill(state.pid, 'SIGSEGV');
    await expect.poll(() => spawner.poll(made.running())).toEqual({ code: -11, signal: 'SIGSEGV' });
    expect(await next.spawner.poll(made.running())).toEqual({ code: -11, signal: 'SIGSEGV' });
    await next.spawner.stop(made.running(), 'now');
    expect(service.trace()).toEqual(closed);
  });

  it('a home that the session makes is there for the server', async () => {
    const bob = await machine.machine.user();
    const service = await tracedService(machine.machine, bob, {
      before: ['session required pam_mkhomedir.so'],
    });
    const { state } = await started({ pamService: service.name, account: bob });
    expect(readFileSync(`/proc/${state.pid}/environ`, 'utf8')).toContain(`HOME=/home/${bob}`);
    expect(service.trace()).toEqual(opened);
  });

  it('a start that is cancelled while the session opens leaves no session and no process', async () => {
    const service = await tracedService(machine.machine, ada.name, {
      after: [
        `session required pam_exec.so ${await machine.machine.file('slow', '#!/bin/sh\nsleep 1\n', 0o755)}`,
      ],
    });
    const { spawner } = make({ pamService: service.name });
    const launch = fakeLaunch({ witness: '' });
    const starting = spawner.start(launch.launch);
    starting.catch(() => {});
    await expect.poll(() => service.trace(), { timeout: 60_000 }).toEqual(opened);
    launch.abort();
    await expect(starting).rejects.toThrow('cancelled');
    await spawner.stop(launch.running(null), 'now');
    expect(service.trace()).toEqual(closed);
    expect(await spawner.list?.()).toEqual([]);
  });

  it('says so when a session stays open because its keeper was killed', async () => {
    const service = await tracedService(machine.machine, ada.name);
    const { spawner, made, keeper, state } = await started({ pamService: service.name });
    process.kill(keeper.pid, 'SIGKILL');
    await expect.poll(() => isAlive(keeper)).toBe(false);
    expect(await spawner.poll(made.running())).toBeNull();
    const lines: LogLine[] = [];
    await spawner.stop({ ...made.running(), log: recordedLog(lines) }, 'now');
    expect(await isAlive(state)).toBe(false);
    expect(lines).toContainEqual(
      expect.objectContaining({ level: 'warn', message: expect.stringContaining('stays open') }),
    );
  });

  it('a session that is refused fails the start, and names the service, the module and the way out', async () => {
    const service = await machine.machine.service(
      'auth required pam_permit.so',
      'account required pam_permit.so',
      'session required pam_deny.so',
    );
    await expect(
      make({ pamService: service }).spawner.start(fakeLaunch({ witness: '' }).launch),
    ).rejects.toMatchObject({
      kind: 'spawn-failure',
      failure: 'system',
      message: expect.stringMatching(new RegExp(`${service}.*${ada.name}.*pam_deny.so`)),
      hint: expect.stringContaining('pamService'),
    });
  });

  it('a service without a file is refused at the start of the hub and told by hub check', async () => {
    const { begin, spawner } = make({ pamService: 'hub-test-nothing' });
    await expect(begin()).rejects.toMatchObject({
      code: 'HUB_START_FAILED',
      message: expect.stringContaining('/etc/pam.d/hub-test-nothing'),
    });
    expect(await spawner.checkConfig?.()).toEqual([expect.stringContaining('/etc/pam.d/hub-test-nothing')]);
  });
});

it("pamService needs runAs: 'user'", async () => {
  const made = driver({ runAs: 'hub', pamService: 'login' });
  await expect(made.begin()).rejects.toMatchObject({
    code: 'HUB_START_FAILED',
    message: expect.stringContaining("runAs: 'user'"),
  });
  await made.end();
  made.dispose();
});
