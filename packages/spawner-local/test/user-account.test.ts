import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { openControlGroups } from '@hub/posix';
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

/** Listens where it is told and tells who it is. */
const answering = `
  const { hostname, port } = new URL(process.env.JUPYTERHUB_SERVICE_URL);
  const { getuid, getgid, getgroups, umask, cwd, env } = process;
  require('node:http')
    .createServer((_, response) => response.end(JSON.stringify({
      uid: getuid(), gid: getgid(), groups: getgroups(), umask: umask(), folder: cwd(), environment: env,
    })))
    .listen(Number(port), hostname);`;

interface Said {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly umask: number;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
}
type Options = Parameters<typeof driver>[0];

describe("runAs: 'user'", () => {
  beforeEach(({ skip }) => skip(!mayChangeMachine, machineReason));

  let machine: UserMachine;
  let ada: TestUser;
  let bob: TestUser;
  let node: string;
  const cleanUp: (() => Promise<void> | void)[] = [];

  beforeAll(async () => {
    if (!mayChangeMachine) return;
    machine = await userMachine();
    [ada, bob] = await Promise.all([machine.user(), machine.user()]);
    [node = ''] = await machine.forUsers([process.execPath]);
  });
  afterAll(() => machine?.[Symbol.asyncDispose]());
  afterEach(async () => {
    for (const clean of cleanUp.splice(0).reverse()) await clean();
  });

  const make = (options: Options, hub?: Parameters<typeof driver>[1]): Driver => {
    const common = { runAs: 'user', account: ada.name, controlGroup: machine.controlGroup } as const;
    const made = driver({ ...common, ...options }, hub);
    cleanUp.push(async () => {
      await made.end();
      made.dispose();
    });
    return made;
  };
  const fake = (options: Partial<Parameters<typeof fakeLaunch>[0]> = {}) =>
    fakeLaunch({ witness: '', ...options });
  const started = async (options: Options = {}, launch: ReturnType<typeof fake> = fake()) => {
    const { spawner, dataFolder } = make({ command: [node, '-e', answering], ...options });
    cleanUp.push(() => spawner.stop(launch.running(), 'now'));
    const origin = await spawner.start(launch.launch);
    const said = (await (await fetch(origin)).json()) as Said;
    return { spawner, dataFolder, made: launch, origin, said, state: launch.state as LocalState };
  };
  const failing = (options: Options) => make({ command: ['true'], ...options }).spawner.start(fake().launch);

  it('P301, P305: a server is the user’s in every respect', async () => {
    const group = await machine.machine.group(ada.name);
    const id = async (flag: string) => (await run('id', [flag, ada.name])).stdout.trim();
    const { said, state } = await started({ umask: 0o027 });
    expect(said).toMatchObject({ uid: ada.uid, umask: 0o027, folder: ada.home });
    expect(String(said.gid)).toBe(await id('-g'));
    expect(said.groups.map(String).sort()).toEqual((await id('-G')).split(' ').sort());
    expect(await id('-Gn')).toContain(group);
    expect(said.environment).toMatchObject({ USER: 'ada', HOME: ada.home, SHELL: '/bin/sh' });
    expect(state.uid).toBe(ada.uid);
    expect(statSync(`/proc/${state.pid}`).uid).toBe(ada.uid);
  });

  it('P240: gets the environment of its launch and nothing of the hub’s', async () => {
    process.env.HUB_TEST_SECRET = 'of the hub';
    cleanUp.push(() => void delete process.env.HUB_TEST_SECRET);
    const { said } = await started({}, fake({ environment: { GREETING: 'two\nlines', HOME: '/eve' } }));
    expect(said.environment).toMatchObject({ GREETING: 'two\nlines', HOME: ada.home });
    expect(said.environment).not.toHaveProperty('HUB_TEST_SECRET');
    expect(said.environment).not.toHaveProperty('OLDPWD');
  });

  it('maps users to accounts, and fills the working directory in', async () => {
    const notebooks = join(bob.home, 'notebooks', 'ada');
    const { said } = await started({
      account: ({ user }) => (user.name === 'ada' ? bob.name : 'nobody'),
      workingDirectory: '~/notebooks/{username}',
      missingFolder: 'create',
    });
    expect(said).toMatchObject({ uid: bob.uid, folder: notebooks });
    expect(said.environment).toMatchObject({ USER: 'ada', HOME: bob.home });
    expect(statSync(notebooks)).toMatchObject({ uid: bob.uid, mode: 0o040700 });
  });

  it('refuses accounts that are unknown, impossible, or the system’s', async () => {
    await expect(failing({ account: 'hub-nobody' })).rejects.toMatchObject({
      failure: 'system',
      message: 'The system has no account called hub-nobody.',
      hint: expect.stringContaining('addUserCommand'),
    });
    await expect(failing({ account: '../{username}' })).rejects.toMatchObject({
      message: 'The system cannot have an account called "../ada".',
    });
    for (const account of ['root', 'daemon', 'nobody']) {
      await expect(failing({ account })).rejects.toMatchObject({
        message: expect.stringContaining(`The account ${account} (uid `),
      });
    }
    await expect(failing({ minUid: 900_000 })).rejects.toMatchObject({ hint: 'See the option minUid.' });
    expect((await started({ account: 'root', allowRoot: true })).said.uid).toBe(0);
  });

  it('P151: makes an account that the system lacks, where that is wanted', async () => {
    const name = `hubt${Date.now().toString(36)}`;
    machine.machine.removeLater(name);
    const { said } = await started({ account: name, createSystemUsers: true });
    expect(said).toMatchObject({ folder: `/home/${name}` });
    await expect(
      failing({ account: `${name}x`, createSystemUsers: true, addUserCommand: ['/bin/false'] }),
    ).rejects.toMatchObject({ message: expect.stringContaining('made no account: it ended with status 1') });
  });

  it('names a home that is missing, or not the user’s, and goes elsewhere where that is wanted', async () => {
    const workingDirectory = join(ada.home, 'none');
    await expect(failing({ workingDirectory })).rejects.toMatchObject({
      failure: 'system',
      message: `The folder ${workingDirectory} does not exist.`,
      hint: expect.stringContaining('missingFolder'),
    });
    await expect(failing({ workingDirectory: bob.home })).rejects.toMatchObject({
      message: expect.stringContaining(`may not enter the folder ${bob.home}`),
    });
    const made = fake();
    const { said } = await started({ workingDirectory, missingFolder: 'fallback' }, made);
    expect(said.folder).toBe(ada.home);
    expect(made.events.map(({ message }) => message)).toContainEqual(
      expect.stringContaining('cannot be used'),
    );
  });

  it('P307: names a command the user may not run', async () => {
    const program = join(machine.folder, 'private');
    writeFileSync(program, '#!/bin/sh\n', { mode: 0o700 });
    await expect(failing({ command: [program] })).rejects.toMatchObject({
      failure: 'command-not-found',
      message: `${program} is no file that the account ${ada.name} may execute.`,
    });
  });

  it('P307: names an interpreter the user may not run', async () => {
    const interpreter = join(machine.folder, 'interpreter');
    writeFileSync(interpreter, '', { mode: 0o700 });
    const script = join(machine.folder, 'script');
    writeFileSync(script, `#!${interpreter}\n`, { mode: 0o755 });
    const made = fake();
    const { spawner } = make({ command: [script] });
    cleanUp.push(() => spawner.stop(made.running(), 'now')); // as the hub does after each failure
    await expect(spawner.start(made.launch)).rejects.toMatchObject({
      failure: 'command-not-found',
      message: expect.stringMatching(/could not be run: .*Permission denied/),
      hint: expect.stringContaining('interpreter'),
    });
    expect(made.exits).toEqual([]);
  });

  it('the log is the owner’s alone to read', async () => {
    const logFolder = join(machine.folder, 'logs');
    const shout = `console.log('hello');${answering}`;
    const { state } = await started({ logFolder, command: [node, '-e', shout] });
    expect(statSync(logFolder)).toMatchObject({ uid: 0, mode: 0o040711 });
    expect(statSync(state.logFile)).toMatchObject({ uid: ada.uid, mode: 0o100600 });
    const read = (user: TestUser) => as(user, 'cat', state.logFile);
    await expect.poll(async () => (await read(ada)).stdout).toBe('hello\n');
    expect((await read(bob)).status).not.toBe(0);
    // The folder is root's: no name in it can be made to mean another file.
    expect((await as(ada, 'ln', '-sf', '/etc/shadow', state.logFile)).status).not.toBe(0);
    expect((await as(ada, 'mv', state.logFile, `${state.logFile}.1`)).status).not.toBe(0);
  });

  it('a folder of logs that others could change is refused, at start and at each launch', async () => {
    const logFolder = join(machine.folder, 'open');
    await run('install', ['-d', '-m', '0777', logFolder]);
    const made = make({ command: ['true'], logFolder });
    await expect(made.begin()).rejects.toMatchObject({
      code: 'HUB_START_FAILED',
      message: expect.stringContaining('can be written to by others'),
    });
    await expect(made.spawner.start(fake().launch)).rejects.toMatchObject({ failure: 'system' });
  });

  it('users see nothing of each other’s environment, where tokens are', async () => {
    const { state } = await started({}, fake({ environment: { TOKEN: 'a-secret' } }));
    const peek = (user: TestUser) => as(user, 'cat', `/proc/${state.pid}/environ`);
    expect((await peek(ada)).stdout).toContain('TOKEN=a-secret');
    expect(await peek(bob)).toMatchObject({ status: 1, stdout: '' });
    const shown = await as(bob, 'sh', '-c', 'cat /proc/[0-9]*/cmdline 2>/dev/null');
    expect(shown.stdout).not.toContain('a-secret');
  });

  it('another user who answers at the port is no proof, even with the key of the launch', async () => {
    const made = fake({
      async beforeSave(state) {
        const { port } = state as LocalState;
        const listen = `require('net').createServer().listen(${port}, '127.0.0.1', () => console.log('listens'))`;
        const words = ['--reuid', bob.name, '--clear-groups', '--', node, '-e', listen];
        const env = { PATH: process.env.PATH, HUB_LAUNCH_KEY: made.launch.key };
        const stranger = spawn('setpriv', words, { env, stdio: ['ignore', 'pipe', 'inherit'] });
        cleanUp.push(() => void stranger.kill('SIGKILL'));
        await once(stranger.stdout, 'data');
      },
    });
    // A command that never listens: who answers can only be the stranger.
    const { spawner } = make({ command: ['sleep', '60'] });
    cleanUp.push(() => spawner.stop(made.running(), 'now'));
    await expect(spawner.start(made.launch)).rejects.toMatchObject({ failure: 'port-taken' });
    expect(await spawner.list?.()).toEqual([]);
  });

  it('a port that was taken before the server bound it is exchanged for another one', async () => {
    const stranger = createServer();
    cleanUp.push(() => void stranger.close());
    const made = fake({
      async beforeSave(state) {
        if (!stranger.listening) {
          await once(stranger.listen((state as LocalState).port, '127.0.0.1'), 'listening');
        }
      },
    });
    const { said, origin } = await started({}, made);
    expect(said.uid).toBe(ada.uid);
    expect(stranger.address()).not.toMatchObject({ port: Number(new URL(origin).port) });
  });

  it('memLimit ends what takes more', async ({ skip }) => {
    const grow = `setTimeout(() => { const all = []; for (;;) all.push(Buffer.alloc(10 << 20, 1)); }, 500);${answering}`;
    const options = { memLimit: 300 << 20, command: [node, '-e', grow] };
    const { lines, begin } = make(options);
    await begin();
    skip(
      lines.some(({ level }) => level === 'warn'),
      'no control groups here',
    );
    const { made } = await started(options);
    expect(await made.exited).toMatchObject({
      signal: 'SIGKILL',
      reason: 'It needed more memory than its limit, so the system killed it (SIGKILL).',
    });
  });

  for (const [how, controlGroup] of [
    ['a control group', undefined],
    ['RLIMIT_NPROC', ''],
  ] as const) {
    it(`pidsLimit keeps a server from starting more processes, by ${how}`, async () => {
      const forks = `
        const { spawn } = require('node:child_process');
        for (let n = 0; n < 40; n += 1) spawn('sleep', ['60']).on('error', () => console.log('refused'));
        ${answering}`;
      const command = [node, '-e', forks];
      const { spawner, made } = await started({
        pidsLimit: 30,
        command,
        ...(controlGroup !== undefined && { controlGroup }),
      });
      await expect.poll(() => spawner.logs?.(made.running(), 1000), { timeout: 10_000 }).toContain('refused');
      await spawner.stop(made.running(), 'now');
      expect(await running(ada)).toEqual([]);
    });
  }

  it('a stop ends what left the session, dropped its environment and lost its parent', async ({ skip }) => {
    const script = `(env -i setsid sleep 600 &); exec ${node} -e "$0"`;
    const { spawner, made } = await started({ command: ['sh', '-c', script, answering] });
    skip((await openControlGroups(machine.controlGroup)) === null, 'no control groups here');
    await expect.poll(() => running(ada)).toHaveLength(2);
    await spawner.stop(made.running(), 'politely');
    expect(await running(ada)).toEqual([]);
  });

  it('a user who is deleted while the server runs can be stopped', async () => {
    const eve = await machine.user();
    const { spawner, made } = await started({ account: eve.name });
    await run('userdel', ['--force', eve.name]);
    expect(await spawner.poll(made.running())).toBeNull();
    await spawner.stop(made.running(), 'politely');
    expect(await running(eve)).toEqual([]);
    await expect(failing({ account: eve.name })).rejects.toMatchObject({
      message: expect.stringContaining(eve.name),
    });
    rmSync(eve.home, { recursive: true });
  });

  for (const phase of ['before the gate is open', 'while the server starts', 'when it is ready'] as const) {
    it(`P256: a hub that is killed ${phase} leaves nothing unknown`, async () => {
      const { spawner, dataFolder } = make({});
      const command = phase === 'when it is ready' ? [node, '-e', answering] : ['sleep', '600'];
      const options: Options = {
        runAs: 'user',
        account: ada.name,
        controlGroup: machine.controlGroup,
        command,
      };
      const source = (path: string) => JSON.stringify(new URL(path, import.meta.url).href);
      const program = `
        import { driver } from ${source('./driver.ts')};
        import { openControlGroups } from '@hub/posix';
import { fakeLaunch } from '@hub/testing';
        const { spawner } = driver(${JSON.stringify(options)}, ${JSON.stringify({ dataFolder })});
        const tell = () => {
          const { signal, log, ...running } = made.running();
          console.log(JSON.stringify(running));
        };
        const phase = ${JSON.stringify(phase)};
        const made = fakeLaunch({
          witness: '',
          async beforeSave(state) {
            if (phase === 'before the gate is open') {
              console.log(JSON.stringify({ ...made.running(state), signal: null, log: null }));
              await new Promise(() => {});
            }
            if (phase === 'while the server starts') setTimeout(tell, 100);
          },
        });
        setInterval(() => {}, 1000);
        await spawner.start(made.launch);
        if (phase === 'when it is ready') tell();`;
      const words = ['--conditions=@hub/source', '--input-type=module', '-e', program];
      const hub = spawn(process.execPath, words, {
        cwd: import.meta.dirname,
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      cleanUp.push(() => void hub.kill('SIGKILL'));
      const [line] = await once(hub.stdout, 'data');
      hub.kill('SIGKILL');
      await once(hub, 'exit');
      const server = { ...fake().running(), ...JSON.parse(String(line)) };
      server.signal = new AbortController().signal;
      cleanUp.push(() => spawner.stop(server, 'now'));
      if (phase === 'before the gate is open') {
        await expect.poll(() => spawner.poll(server)).not.toBeNull();
      } else {
        expect(await spawner.poll(server)).toBeNull();
        await expect.poll(() => spawner.list?.()).toEqual([server.key]);
      }
      await spawner.stop(server, 'politely');
      expect(await spawner.poll(server)).not.toBeNull();
      expect(await running(ada)).toEqual([]);
    });
  }

  it('starts with a hub of root only, and says what else there is', async () => {
    const program = `
      import { driver } from ${JSON.stringify(new URL('./driver.ts', import.meta.url).href)};
      process.getuid = () => 1815;
      const { spawner, begin } = driver({ runAs: 'user' });
      const refusal = await begin().catch((error) => error);
      console.log(JSON.stringify([refusal.code, refusal.message, refusal.hint, await spawner.checkConfig()]));
      process.exit();`;
    const words = ['--conditions=@hub/source', '--input-type=module', '-e', program];
    const hub = spawn(process.execPath, words, {
      cwd: import.meta.dirname,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(hub.stdout, 'data');
    const [code, message, hint, doubts] = JSON.parse(String(line));
    expect([code, message]).toEqual([
      'HUB_START_FAILED',
      "localSpawner({ runAs: 'user' }) needs a hub that runs as root; this one runs as uid 1815.",
    ]);
    expect(hint).toContain('@hub/spawner-sudo');
    expect(doubts).toEqual([`${message} ${hint}`]);
  });
});

/** What runs under an account; a process that nobody collected does not. */
async function running({ uid }: TestUser): Promise<readonly string[]> {
  const { stdout } = await run('ps', ['-U', String(uid), '-o', 'stat=,args=']);
  return stdout.split('\n').filter((line) => line !== '' && !line.startsWith('Z'));
}

/** Runs a program as a user, as a terminal of theirs would. */
function as({ name }: TestUser, ...command: readonly string[]): ReturnType<typeof run> {
  return run('runuser', ['-u', name, '--', ...command]);
}
