import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { machineReason, mayChangeMachine, run } from '../../../posix/test/support/test-machine.ts';
import { unreachable } from '../../../spawner-sudo/test/support/sudo-machine.ts';
import { until } from '../../../testing/src/index.ts';
import { BadDay, processesOf } from './support/bad-day.ts';
import type { AccountOfUser, SpawnerKind } from './support/place.ts';

// Real accounts, sudo and whole hubs: a loaded machine needs its time.
vi.setConfig({ testTimeout: 180_000 });

const reason = mayChangeMachine ? await unreachable() : machineReason;
/** Processes of a user at most, where the spawner is asked to count them. */
const mostProcesses = 60;
const limits = { pidsLimit: mostProcesses, controlGroup: '' };

describe.each<SpawnerKind>(['local', 'sudo'])('a machine that has had enough, and the spawner %s', (kind) => {
  beforeEach(({ skip }) => skip(reason !== null, reason ?? ''));
  let day: BadDay;
  let user: AccountOfUser;
  /** A small disk of its own, for logs. */
  let logs: string;
  let isSmall = false;
  beforeAll(async () => {
    if (reason) return;
    logs = await mkdtemp(join(tmpdir(), 'hub-logs-'));
    day = await BadDay.make(kind, {
      spawner: { logFolder: logs, ...(kind === 'local' && limits) },
      servers: { hookTimeout: 2 },
    });
    const { uid } = day.place;
    const options = `size=64k,mode=0711,uid=${uid}`;
    isSmall = (await run('mount', ['-t', 'tmpfs', '-o', options, 'hub-test', logs])).status === 0;
    if (!isSmall) await chmod(logs, kind === 'local' ? 0o711 : 0o777);
    await day.start();
  });
  beforeEach(async () => {
    if (!reason) user = await day.user();
  });
  afterAll(async () => {
    if (reason) return;
    await day[Symbol.asyncDispose]();
    if (isSmall) await run('umount', [logs]);
    await rm(logs, { recursive: true, force: true });
  });

  const ready = async () => {
    await day.startServer(user);
    await day.comesTo('ready', user);
  };
  const stopped = async () => {
    await day.stopServer(user);
    await day.comesTo('stopped', user);
    expect(processesOf(user)).toEqual([]);
  };
  const portOf = async () => {
    const { json } = await day.api('GET', `/users/${user.name}/server`);
    return (json.state as { port: number }).port;
  };

  it('no space for logs: named; who runs goes on; with space again all is well', async ({ skip }) => {
    skip(!isSmall, 'not supported: this machine mounts no tmpfs');
    const other = user;
    await ready();
    const filler = join(logs, 'filler');
    await writeFile(filler, Buffer.alloc(1 << 20)).catch(() => undefined);
    user = await day.user();
    try {
      expect(await day.failedStart(user)).toMatchObject({
        cause: 'system',
        message: expect.stringContaining(`No space is left for logs in ${logs}`),
        hint: expect.stringContaining('Make room'),
      });
      expect((await day.visit(`/user/${other.name}/`)).status).toBe(200);
    } finally {
      await rm(filler);
    }
    await ready();
    await stopped();
    user = other;
    await stopped();
  });

  it('a port that somebody else takes between choice and bind: another one is taken', async () => {
    const other = await day.user();
    await day.hold('after-save', user);
    await day.startServer(user);
    await day.reached('after-save', user);
    const port = await portOf();
    await using _stranger = await listening(other, port);
    await day.letGo('after-save', user);
    await day.comesTo('ready', user);
    expect(await portOf()).not.toBe(port);
    expect((await day.visit(`/user/${user.name}/`)).json).toMatchObject({ uid: user.uid });
    await stopped();
  });

  it('a stranger who takes the port of a server while the hub is away is shown to nobody', async () => {
    const other = await day.user();
    await day.hold('mute', user);
    await day.startServer(user);
    await until(() => day.servers(user).length === 1, 60);
    const port = await portOf();
    await day.end('SIGKILL');
    await using _stranger = await listening(other, port);
    await day.start();
    await until(async () => {
      expect((await day.visit(`/user/${user.name}/`)).text).not.toContain('stranger');
      return (await day.phase(user)) === 'stopped';
    }, 60);
    expect((await day.story(user)).at(-1)).toMatchObject({
      cause: 'port-taken',
      message: expect.stringContaining(`Another program answers at http://127.0.0.1:${port}`),
    });
    expect(processesOf(user)).toEqual([]);
    await day.letGo('mute', user);
  });

  it('a server that stands still (SIGSTOP) is stopped all the same', async () => {
    await ready();
    for (const pid of day.servers(user)) process.kill(pid, 'SIGSTOP');
    await stopped();
  });

  it('a hook after the stop that never returns is not waited for', async () => {
    await ready();
    await day.hold('after-stop', user);
    await stopped();
    expect(day.said).toContain('a hook failed');
    await day.letGo('after-stop', user);
  });

  it('no more processes: named; with room again it starts', async () => {
    const crowd = kind === 'local' ? sleepers(user, mostProcesses) : null;
    const allowed = kind === 'local' ? null : await limit(day, 'nproc', 1);
    try {
      if (crowd) await until(() => processesOf(user).length >= mostProcesses, 20);
      expect(await day.failedStart(user)).toMatchObject({
        cause: 'system',
        message: expect.stringMatching(/no more processes/),
        hint: expect.stringMatching(/.{20}/),
      });
    } finally {
      if (crowd) {
        // Its shell collects them: who is collected by nobody goes on counting.
        const over = once(crowd, 'exit');
        for (const pid of processesOf(user)) if (pid !== crowd.pid) process.kill(pid, 'SIGKILL');
        await over;
      }
      if (allowed) await limit(day, 'nproc', allowed);
    }
    await ready();
    await stopped();
  });

  it('no more open files in the hub: it survives, says so, and works again afterwards', async () => {
    await ready();
    const other = user;
    user = await day.user();
    const open = readdirSync(`/proc/${day.pid}/fd`).length;
    const allowed = await limit(day, 'nofile', open + 2);
    try {
      await day.startServer(user);
      const settled = () => day.phase(user).then((phase) => ['ready', 'stopped'].includes(phase));
      await until(settled, 90);
      // What starts servers may have files left of its own.
      if ((await day.phase(user)) === 'stopped') {
        expect((await day.story(user)).at(-1)).toMatchObject({
          cause: 'system',
          message: expect.stringMatching(/too many files open/),
        });
      }
    } finally {
      await limit(day, 'nofile', allowed);
    }
    if ((await day.phase(user)) === 'stopped') await ready();
    await stopped();
    user = other;
    expect((await day.visit(`/user/${user.name}/`)).status).toBe(200);
    await stopped();
  }, 180_000);
});

/** A web server of somebody else's. */
async function listening(who: AccountOfUser, port: number): Promise<AsyncDisposable> {
  const program = `require('http').createServer((_, answer) => answer.end('a stranger'))
    .listen(${port}, '127.0.0.1', () => console.log('listens'))`;
  const words = ['--reuid', who.name, '--clear-groups', '--', process.execPath, '-e', program];
  const child = spawn('setpriv', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return {
    async [Symbol.asyncDispose]() {
      const exit = once(child, 'exit');
      child.kill('SIGKILL');
      await exit;
    },
  };
}

/** Processes of a user, as many as that. */
function sleepers(who: AccountOfUser, count: number): ChildProcess {
  const script = `for n in $(seq ${count}); do sleep 600 & done; wait`;
  return spawn('setpriv', ['--reuid', who.name, '--clear-groups', '--', 'sh', '-c', script], {
    stdio: 'ignore',
  });
}

const namesOfLimits = { nproc: 'Max processes', nofile: 'Max open files' } as const;

/** Sets a limit of the hub, as the hub's own account; answers with the one it had. */
async function limit(day: BadDay, name: keyof typeof namesOfLimits, to: number | string): Promise<string> {
  const limits = readFileSync(`/proc/${day.pid}/limits`, 'utf8');
  const [, before = ''] = new RegExp(`^${namesOfLimits[name]} +(\\w+)`, 'm').exec(limits) ?? [];
  expect(before).not.toBe('');
  const [status] = await once(
    day.place.launch(['prlimit', '--pid', String(day.pid), `--${name}=${to}:`]),
    'exit',
  );
  expect(status).toBe(0);
  return before;
}
