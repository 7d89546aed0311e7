import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fakeLaunch } from '@hub/testing';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LocalState } from '../src/index.ts';
import { type Driver, driver } from './driver.ts';
import {
  machineReason,
  mayChangeMachine,
  run,
  type TestUser,
  type UserMachine,
  userMachine,
} from './user-machine.ts';

/** Tells what it was given before it becomes a server. */
const telling = `
  find /proc/$$/fd -type l -fprintf "$HOME/fd" '%f %l\\n'
  cp -f /proc/$$/status /proc/$$/stat "$HOME"
  exec "$0" -e "$1"`;
const listening = `
  const { hostname, port } = new URL(process.env.JUPYTERHUB_SERVICE_URL);
  require('node:http').createServer((_, response) => response.end('me')).listen(Number(port), hostname);`;

type Options = Parameters<typeof driver>[0];

describe("users of one machine, with runAs: 'user'", () => {
  beforeEach(({ skip }) => skip(!mayChangeMachine, machineReason));

  let machine: UserMachine;
  let ada: TestUser;
  let eve: TestUser;
  let node: string;
  const cleanUp: (() => Promise<unknown> | unknown)[] = [];

  beforeAll(async () => {
    if (!mayChangeMachine) return;
    machine = await userMachine();
    [ada, eve] = await Promise.all([machine.user(), machine.user()]);
    [node = ''] = await machine.forUsers([process.execPath]);
  });
  afterAll(() => machine?.[Symbol.asyncDispose]());
  afterEach(async () => {
    for (const clean of cleanUp.splice(0).reverse()) await clean();
  });

  const make = (options: Options): Driver => {
    const made = driver({ runAs: 'user', account: ada.name, controlGroup: '', ...options });
    cleanUp.push(async () => {
      await made.end();
      made.dispose();
    });
    return made;
  };
  const started = async (options: Options = {}) => {
    const made = fakeLaunch({ witness: '' });
    const { spawner } = make({ command: [node, '-e', listening], ...options });
    cleanUp.push(() => spawner.stop(made.running(), 'now'));
    await spawner.start(made.launch);
    return { spawner, made, state: made.state as LocalState };
  };
  const as = (user: TestUser, ...command: readonly string[]) =>
    spawn('setpriv', [`--reuid=${user.uid}`, `--regid=${user.uid}`, '--clear-groups', '--', ...command], {
      stdio: 'ignore',
      cwd: '/',
      env: { PATH: '/usr/bin:/bin' },
    });

  it.each(['without a PAM session', 'in a PAM session'])(
    '%s a server has three open files, no power, no terminal and no signal that is held back',
    async (how) => {
      const lines = ['account required pam_permit.so', 'session required pam_permit.so'];
      const pamService = how.startsWith('in') ? await machine.machine.service(...lines) : '';
      // What the hub has open itself.
      const door = createServer().listen(0, '127.0.0.1');
      await once(door, 'listening');
      cleanUp.push(() => door.close());
      const { state } = await started({ pamService, command: ['/bin/sh', '-c', telling, node, listening] });
      const linesOf = (file: string) => readFileSync(join(ada.home, file), 'utf8').trimEnd().split('\n');
      const files = linesOf('fd').filter((line) => !passedOn().includes(line.split(' ')[0] ?? ''));
      expect(files.sort()).toEqual(['0 /dev/null', `1 ${state.logFile}`, `2 ${state.logFile}`]);
      const none = '0000000000000000';
      expect(Object.fromEntries(linesOf('status').map((line) => line.split(/:\s*/, 2)))).toMatchObject({
        Uid: Array(4).fill(ada.uid).join('\t'),
        ...{ CapInh: none, CapPrm: none, CapEff: none, CapAmb: none },
        ...{ SigBlk: none, SigIgn: none, SigPnd: none },
        TracerPid: '0',
      });
      // See `man proc_pid_stat`.
      const [, group, session, terminal] = (linesOf('stat')[0] ?? '')
        .replace(/^.*\) . /, '')
        .split(' ')
        .map(Number);
      expect([group, session, terminal]).toEqual([state.pid, state.pid, 0]);
    },
  );

  it("nobody reads another's token: not in the process, nor in what waits before it", async () => {
    const { state } = await started();
    const peek = async (file: string) => {
      const child = as(eve, 'cat', `/proc/${state.pid}/${file}`);
      const [status] = (await once(child, 'exit')) as [number];
      return status;
    };
    for (const file of ['environ', 'fd/1', 'mem', 'maps'])
      expect([file, await peek(file)]).toEqual([file, 1]);
    expect(readFileSync(`/proc/${state.pid}/cmdline`, 'utf8')).not.toMatch(/token/i);
  });

  it('a stop ends nothing of others, whatever their processes say of themselves', async () => {
    const { spawner, made, state } = await started();
    const environment = readFileSync(`/proc/${state.pid}/environ`, 'utf8').split('\0');
    const owner = environment.find((one) => one.startsWith('HUB_LAUNCH_OWNER=')) ?? '';
    const forged = as(eve, 'env', `HUB_LAUNCH_KEY=${made.launch.key}`, owner, 'sleep', '60');
    cleanUp.push(() => forged.kill('SIGKILL'));
    await expect.poll(() => readFileSync(`/proc/${forged.pid}/environ`, 'utf8')).toContain(owner);
    await spawner.stop(made.running(), 'now');
    expect(existsSync(`/proc/${state.pid}`)).toBe(false);
    expect(forged.exitCode ?? forged.signalCode).toBeNull();
  });

  it("root makes no folder where a user's link leads", async () => {
    const target = join(machine.folder, 'of-root');
    mkdirSync(target);
    chmodSync(target, 0o755);
    expect((await run('ln', ['-sfn', target, join(eve.home, 'course')])).status).toBe(0);
    const options = {
      account: eve.name,
      workingDirectory: '~/course/notebooks',
      missingFolder: 'create',
    } as const;
    await expect(started(options)).rejects.toMatchObject({
      failure: 'system',
      message: expect.stringContaining(`is not safe for root: ${eve.home} belongs to uid ${eve.uid}`),
    });
    expect(statSync(join(target, 'notebooks'), { throwIfNoEntry: false })).toBeUndefined();
  });
});

/** Descriptors whoever started this program leaves to everything below it, as some terminals do. */
function passedOn(): readonly string[] {
  const closedOnExec = 0o2000000;
  return readdirSync('/proc/self/fdinfo').filter((name) => {
    const file = `/proc/self/fdinfo/${name}`;
    if (Number(name) <= 2 || !existsSync(file)) return false; // the last is that of the folder itself
    const flags = /^flags:\s+([0-7]+)/m.exec(readFileSync(file, 'utf8'))?.[1] ?? '';
    return (Number.parseInt(flags, 8) & closedOnExec) === 0;
  });
}
