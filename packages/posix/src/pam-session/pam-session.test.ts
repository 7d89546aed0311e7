import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { processesWith, until } from '../../test/support/pam-under-test.ts';
import { tracedService } from '../../test/support/session-machine.ts';
import { machineReason, mayChangeMachine, run, TestMachine } from '../../test/support/test-machine.ts';
import { type GatedProcess, type LaunchOptions, launchGated } from '../launch.ts';
import { isAlive } from '../process-identity.ts';
import { stopProcesses } from '../stop-processes.ts';
import { endKeeper } from './end-keeper.ts';
import { readExit } from './exit-record.ts';

const env = { PATH: '/usr/local/bin:/usr/bin:/bin', OURS: 'ours' };

describe('a PAM session of a launch', () => {
  beforeEach(({ skip }) => skip(!mayChangeMachine, machineReason));
  let machine: TestMachine;
  let ada: { name: string; uid: number; gid: number };
  let logs: string;
  const launched: { server: GatedProcess; key: string }[] = [];
  beforeAll(async () => {
    if (!mayChangeMachine) return;
    machine = await TestMachine.create();
    chmodSync(machine.folder, 0o755);
    logs = join(machine.folder, 'logs');
    mkdirSync(logs, { mode: 0o711 });
    const name = await machine.user();
    const [uid = 0, gid = 0] = (await run('sh', ['-c', `id -u ${name}; id -g ${name}`])).stdout
      .split('\n')
      .map(Number);
    ada = { name, uid, gid };
  });
  afterAll(() => machine?.[Symbol.asyncDispose]());
  afterEach(async () => {
    for (const { server, key } of launched.splice(0)) {
      await server.abandon();
      await stopProcesses({ identity: server.identity, launchKey: key, now: true });
      if (server.keeper) await endKeeper(server.keeper, { patience: 2 });
    }
  });

  const place = () => {
    const key = `session-${process.pid}-${Math.random().toString(36).slice(2)}`;
    return { key, logFile: join(logs, `${key}.log`), exitFile: join(logs, `${key}.exit`) };
  };
  const launch = async (
    service: string,
    script: string,
    { at = place(), ...more }: Partial<LaunchOptions> & { at?: ReturnType<typeof place> } = {},
  ) => {
    const session = { service, exitFile: at.exitFile, patience: 2 };
    const made = await launchGated({
      command: ['sh', '-c', script],
      cwd: '/',
      env: { ...env, HUB_LAUNCH_KEY: at.key },
      logFile: at.logFile,
      as: ada,
      session,
      ...more,
    });
    launched.push({ server: made, key: at.key });
    return { server: made, ...at, said: () => readFileSync(at.logFile, 'utf8') };
  };
  const ended = async (server: GatedProcess): Promise<void> => {
    if (!server.keeper) throw new Error('Nobody keeps a session.');
    expect(await endKeeper(server.keeper, { patience: 60 })).toBe('closed');
  };

  it('P155: is open before the command runs, and closed once, after it has ended', async () => {
    const service = await tracedService(machine, ada.name);
    const { server, said, exitFile } = await launch(service.name, 'id -u; exec sleep 60');
    expect(service.trace()).toEqual(['open_session']);
    expect(said()).toBe('');
    await server.open();
    await until(() => said().includes(`${ada.uid}\n`));
    expect(service.trace()).toEqual(['open_session']);

    process.kill(server.identity.pid, 'SIGTERM');
    expect(await server.exited).toEqual({ code: -15, signal: 'SIGTERM' });
    await ended(server);
    expect(service.trace()).toEqual(['open_session', 'close_session']);
    expect(await readExit(exitFile, server.identity)).toEqual({ code: -15, signal: 'SIGTERM' });
    expect(await readExit(exitFile, { ...server.identity, startTime: '1' })).toBeNull();
    expect(statSync(exitFile)).toMatchObject({ uid: 0, mode: 0o100600 });
  });

  it('brings its home, variables, limits, groups and mask; what the launch itself says counts more', async () => {
    const [group, member] = [await machine.group(), await machine.group(ada.name)];
    const limits = await machine.file('limits', `${ada.name} hard nofile 333\n`);
    const variables = await machine.file('env', 'OURS DEFAULT=theirs\nTHEIRS DEFAULT=theirs\n');
    await machine.append('/etc/security/group.conf', `*;*;${ada.name};Al0000-2400;${group}\n`);
    const service = await tracedService(machine, ada.name, {
      before: ['auth required pam_group.so', 'session required pam_umask.so umask=0027'],
      after: [
        `session required pam_limits.so conf=${limits}`,
        `session required pam_env.so conffile=${variables}`,
        'session required pam_mkhomedir.so',
      ],
    });
    const home = `/home/${ada.name}`;
    expect(existsSync(home)).toBe(false);
    const tell = 'umask; ulimit -Hn; echo $OURS $THEIRS; id -Gn; pwd';
    const { server, said } = await launch(service.name, tell, { cwd: home, writableFolder: true });
    await server.open();
    await server.exited;
    const [mask, files, names, belongsTo = '', folder] = said().split('\n');
    expect({ mask, files, names, folder }).toEqual({
      mask: '0027',
      files: '333',
      names: 'ours theirs',
      folder: home,
    });
    expect(belongsTo.split(' ').toSorted()).toEqual([ada.name, member, group].toSorted());

    const strict = await launch(service.name, 'umask; ulimit -p || ulimit -u', {
      as: { ...ada, umask: 0o077, mostProcesses: 444 },
    });
    await strict.server.open();
    await strict.server.exited;
    expect(strict.said()).toBe('0077\n444\n');
    await ended(server);
    await ended(strict.server);
  });

  it('gives the command its audit id, and leaves that of who launches alone', async ({ skip }) => {
    const own = () => readFileSync('/proc/self/loginuid', 'utf8');
    skip(!existsSync('/proc/self/loginuid'), 'not supported: this kernel keeps no audit ids');
    const service = await tracedService(machine, ada.name, { after: ['session optional pam_loginuid.so'] });
    const before = own();
    const { server, said } = await launch(service.name, 'cat /proc/self/loginuid');
    await server.open();
    await server.exited;
    expect(own()).toBe(before);
    skip(said() === before, 'not supported: root may set no audit id here');
    expect(said()).toBe(String(ada.uid));
  });

  it('limits the memory of the command and not of its keeper; where root may not do that, it is refused', async () => {
    const limits = await machine.file('memory', `${ada.name} hard as 4000000\n`);
    const service = await tracedService(machine, ada.name, {
      after: [`session required pam_limits.so conf=${limits}`],
    });
    const capabilities = /^CapEff:\s+(\w+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
    const mayRaise = ((BigInt(`0x${capabilities}`) >> 24n) & 1n) === 1n;
    const launching = launch(service.name, 'ulimit -v');
    if (!mayRaise) {
      await expect(launching).rejects.toMatchObject({
        reason: 'session-refused',
        message: expect.stringContaining('CAP_SYS_RESOURCE'),
      });
    } else {
      const { server, said } = await launching;
      expect(readFileSync(`/proc/${server.keeper?.pid}/limits`, 'utf8')).toMatch(/address space +unlimited/);
      await server.open();
      await server.exited;
      expect(said()).toBe('4000000\n');
      await ended(server);
    }
    expect(service.trace()).toEqual(['open_session', 'close_session']);
  });

  it('is refused by a module of the account part: the error names service, modules and what was said', async () => {
    const note = await machine.file('nologin', 'Back on Monday.\n', 0o644);
    const service = await tracedService(machine, ada.name, {
      before: [`account required pam_nologin.so file=${note}`],
    });
    await expect(launch(service.name, 'true')).rejects.toMatchObject({
      reason: 'session-refused',
      path: `/etc/pam.d/${service.name}`,
      message: expect.stringMatching(
        new RegExp(`service ${service.name} for the account ${ada.name}: .*account.*pam_nologin.so.*Monday`),
      ),
    });
    expect(service.trace()).toEqual([]);
  });

  it('is closed when the launch is given up, and when the folder turns out to be missing', async () => {
    const service = await tracedService(machine, ada.name);
    const { server } = await launch(service.name, 'true');
    await server.abandon();
    await expect(launch(service.name, 'true', { cwd: '/no/such/folder' })).rejects.toMatchObject({
      reason: 'folder-missing',
      path: '/no/such/folder',
    });
    const pair = ['open_session', 'close_session'];
    expect(service.trace()).toEqual([...pair, ...pair]);
  });

  it('is closed when who launches is killed before the gate is open', async () => {
    const service = await tracedService(machine, ada.name);
    const at = place();
    const options = {
      command: ['sh', '-c', 'echo ran'],
      cwd: '/',
      env: { ...env, HUB_LAUNCH_KEY: at.key },
      logFile: at.logFile,
      as: ada,
      session: { service: service.name, exitFile: at.exitFile },
    };
    const parent = spawn(process.execPath, [
      '--input-type=module',
      '-e',
      `import { launchGated } from ${JSON.stringify(new URL('../launch.ts', import.meta.url).href)};
       const { keeper } = await launchGated(${JSON.stringify(options)});
       console.log(JSON.stringify(keeper));
       setInterval(() => {}, 1000);`,
    ]);
    const [line] = await once(parent.stdout, 'data');
    parent.kill('SIGKILL');
    expect(await endKeeper(JSON.parse(String(line)), { patience: 60 })).toBe('closed');
    expect(service.trace()).toEqual(['open_session', 'close_session']);
    expect(readFileSync(at.logFile, 'utf8')).toBe('');
    expect(JSON.parse(readFileSync(at.exitFile, 'utf8'))).toMatchObject({ exit: { code: 125 } });
  });

  it('that hangs while it opens is given up with the signal, and nothing of it is left', async () => {
    const mark = `86400.${process.pid}`;
    const service = await tracedService(machine, ada.name, {
      after: [`session required pam_exec.so /bin/sleep ${mark}`],
    });
    const abort = new AbortController();
    const hanging = launch(service.name, 'true', { signal: abort.signal });
    hanging.catch(() => {});
    await until(() => processesWith(`sleep ${mark}`).length > 0);
    abort.abort(new Error('taken back'));
    await expect(hanging).rejects.toThrow('taken back');
    await until(() => processesWith(`sleep ${mark}`).length === 0);
    expect(processesWith(`hub-session ${service.name}`)).toEqual([]);
  });

  it('that hangs while it closes is killed after its time', async () => {
    const mark = `86401.${process.pid}`;
    const script = await machine.file(
      'hang',
      `#!/bin/sh\n[ "$PAM_TYPE" = open_session ] || exec sleep ${mark}\n`,
      0o755,
    );
    const service = await tracedService(machine, ada.name, {
      after: [`session required pam_exec.so ${script}`],
    });
    const { server } = await launch(service.name, 'exit 3');
    await server.open();
    expect(await server.exited).toEqual({ code: 3 });
    await until(() => processesWith(`sleep ${mark}`).length > 0);
    expect(server.keeper && (await endKeeper(server.keeper, { patience: 0.2 }))).toBe('killed');
    await until(() => processesWith(`sleep ${mark}`).length === 0);
  });

  it('whose keeper is killed stays open; the command runs on, and its end is still seen', async () => {
    const service = await tracedService(machine, ada.name);
    const { server, exitFile } = await launch(service.name, 'exec sleep 60');
    await server.open();
    if (server.keeper) process.kill(server.keeper.pid, 'SIGKILL');
    await ended(server);
    expect(await isAlive(server.identity)).toBe(true);
    process.kill(server.identity.pid, 'SIGKILL');
    expect(await server.exited).toMatchObject({ code: 0, reason: expect.stringContaining('not known') });
    expect(await readExit(exitFile, server.identity)).toBeNull();
    expect(service.trace()).toEqual(['open_session']);
  });

  it('keeps to itself what signals are meant for the command', async () => {
    const service = await tracedService(machine, ada.name);
    const { server } = await launch(service.name, 'exec sleep 60');
    await server.open();
    for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT'] as const)
      process.kill(server.keeper?.pid ?? 0, name);
    // It answers to these in order: what follows proves that it has seen them.
    process.kill(server.identity.pid, 'SIGUSR1');
    expect(await server.exited).toMatchObject({ signal: 'SIGUSR1' });
    await ended(server);
    expect(service.trace()).toEqual(['open_session', 'close_session']);
  });

  it('shows nobody the environment of the launch', async () => {
    const service = await tracedService(machine, ada.name);
    const { server } = await launch(service.name, 'exec sleep 60');
    await server.open();
    const of = (file: string) => readFileSync(`/proc/${server.keeper?.pid}/${file}`, 'utf8');
    expect(`${of('environ')}${of('cmdline')}`).not.toContain('ours');
    expect(of('cmdline')).toContain(`hub-session ${service.name} ${ada.name}`);
  });

  it('hands the command no line to the hub: nobody else tells how it ended', async () => {
    const service = await tracedService(machine, ada.name);
    const { server, said } = await launch(service.name, 'readlink /proc/$$/fd/*; echo done');
    await server.open();
    await server.exited;
    expect(said()).toContain('done');
    expect(said()).not.toContain('socket');
  });
});
