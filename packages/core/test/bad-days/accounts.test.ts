import { readFileSync } from 'node:fs';
import { rm, symlink } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { machineReason, mayChangeMachine, run } from '../../../posix/test/support/test-machine.ts';
import { unreachable } from '../../../spawner-sudo/test/support/sudo-machine.ts';
import { ask, until } from '../../../testing/src/index.ts';
import { BadDay, processesOf } from './support/bad-day.ts';
import type { AccountOfUser, SpawnerKind } from './support/place.ts';

// Real accounts, sudo and whole hubs: a loaded machine needs its time.
vi.setConfig({ testTimeout: 180_000 });

const reason = mayChangeMachine ? await unreachable() : machineReason;

describe.each<SpawnerKind>(['local', 'sudo'])('accounts and the spawner %s', (kind) => {
  beforeEach(({ skip }) => skip(reason !== null, reason ?? ''));
  let day: BadDay;
  let user: AccountOfUser;
  beforeAll(async () => {
    if (reason) return;
    day = await BadDay.make(kind);
    await day.start();
  });
  beforeEach(async () => {
    if (!reason) user = await day.user();
  });
  afterAll(() => day?.[Symbol.asyncDispose]());

  const ready = async () => {
    await day.startServer(user);
    await day.comesTo('ready', user);
    const [pid = 0] = day.servers(user);
    return pid;
  };
  /** A stop that is expected to fail: what its owner reads. */
  const failingStop = async () => {
    expect((await day.stopServer(user)).status).toBe(202);
    await until(async () => (await day.story(user)).at(-1)?.failed === true, 60);
    return (await day.story(user)).at(-1);
  };

  it('a home that is missing is named', async () => {
    await rm(user.home, { recursive: true });
    expect(await day.failedStart(user)).toMatchObject({
      cause: 'system',
      message: expect.stringMatching(`${user.home} .*does not exist`),
      hint: expect.stringContaining('Make it'),
    });
    expect(day.said).toContain(`${user.home} `); // the administrator reads it, too
    expect(processesOf(user)).toEqual([]);
  });

  it.each([
    ['closed to its user', '0700'],
    ['not its user’s to write to', '0755'],
  ])('a home that is %s is named', async (_, mode) => {
    await run('chown', ['root:root', user.home]);
    await run('chmod', [mode, user.home]);
    expect(await day.failedStart(user)).toMatchObject({
      cause: 'system',
      message: expect.stringMatching(`may not .* ${user.home}`),
      hint: expect.stringMatching(/[Gg]ive it to the account it is for/),
    });
    expect(processesOf(user)).toEqual([]);
    // Mended, it starts.
    await run('chown', [`${user.name}:${user.name}`, user.home]);
    await ready();
  });

  it('a home that was replaced by a link to somebody else’s gives nobody access', async () => {
    const other = await day.user();
    await rm(user.home, { recursive: true });
    await symlink(other.home, user.home);
    expect(await day.failedStart(user)).toMatchObject({
      cause: 'system',
      message: expect.stringMatching(`may not .* ${user.home}`),
    });
  });

  it('a user whom the system does not know is told so, and nothing is left', async () => {
    const nobody = { name: `${user.name}x`, uid: -1, home: '' };
    await day.api('POST', `/users/${nobody.name}`);
    expect(await day.failedStart(nobody)).toMatchObject({
      cause: 'system',
      message: expect.stringMatching(`no account .*${nobody.name}`),
    });
  });

  it('an account that is deleted while its server runs: it can be stopped, or is told who runs on', async () => {
    const pid = await ready();
    const [token] = tokensOf(pid);
    await run('userdel', ['--force', user.name]);
    await rm(user.home, { recursive: true });
    expect((await day.visit(`/user/${user.name}/`)).json).toMatchObject({ pid });
    if (kind === 'sudo') {
      // Only root can end a process of a number that sudo knows no name for.
      expect(await failingStop()).toMatchObject({
        message: expect.stringMatching(`sudo knows no user .*Process ${pid} of uid ${user.uid} runs on`),
        hint: expect.stringContaining('end it as root'),
      });
      for (const left of processesOf(user)) process.kill(left, 'SIGKILL');
    }
    await day.stopServer(user);
    await day.comesTo('stopped', user);
    expect(processesOf(user)).toEqual([]);
    expect((await ask(day.origin, 'GET', '/hub/api/user', { token: token ?? '' })).status).toBe(403);
    expect(await day.failedStart(user)).toMatchObject({ message: expect.stringContaining(user.name) });
  });

  it('a number that another account was given meanwhile: its processes are left alone', async () => {
    const pid = await ready();
    const heir = `${user.name}h`;
    await run('userdel', ['--force', user.name]);
    await run('useradd', ['--no-create-home', '--non-unique', '--uid', String(user.uid), heir]);
    const words = ['--reuid', String(user.uid), '--clear-groups', '--', 'sleep', '600'];
    const stranger = run('setpriv', words);
    try {
      await until(() => processesOf(user).some((one) => commandOf(one).startsWith('sleep')), 20);
      if (kind === 'sudo') {
        await failingStop();
        process.kill(pid, 'SIGKILL');
      }
      await day.stopServer(user);
      if (kind === 'local') await day.comesTo('stopped', user);
      else await until(() => day.servers(user).length === 0, 20);
      expect(processesOf(user).map(commandOf)).toContain('sleep 600');
      // Whether these belong to the server nobody can know by then: it is given up by name.
      await day.stopServer(user, { force: true });
      await day.comesTo('stopped', user);
    } finally {
      for (const left of processesOf(user)) process.kill(left, 'SIGKILL');
      await stranger;
      await run('userdel', ['--force', heir]);
    }
  });

  if (kind === 'sudo') {
    it('a user who was never in the group of the rule: the start fails, and that ends there', async () => {
      await run('gpasswd', ['--delete', user.name, await groupOf(user)]);
      expect(await day.failedStart(user)).toMatchObject({
        cause: 'system',
        message: expect.stringContaining('The rule of sudo does not allow'),
      });
    });

    it('a user who leaves the group while the server runs: the stop names the rule, and succeeds when mended', async () => {
      await ready();
      const group = await groupOf(user);
      await run('gpasswd', ['--delete', user.name, group]);
      expect(await failingStop()).toMatchObject({
        message: expect.stringContaining('The rule of sudo does not allow'),
        hint: expect.stringContaining('into the group of the rule'),
      });
      await run('gpasswd', ['--add', user.name, group]);
      await day.comesTo('stopped', user);
      expect(processesOf(user)).toEqual([]);
    });
  }
});

/** The group the rule is about. */
async function groupOf({ name }: AccountOfUser): Promise<string> {
  const { stdout } = await run('id', ['-Gn', name]);
  return (
    stdout
      .trim()
      .split(' ')
      .find((group) => group !== name) ?? ''
  );
}

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ').trim();
}

function tokensOf(pid: number): readonly string[] {
  const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
  return /JUPYTERHUB_API_TOKEN=(\w+)/.exec(environment)?.slice(1) ?? [];
}
