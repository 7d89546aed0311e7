import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { machineReason, mayChangeMachine, run, TestMachine } from '../../posix/test/support/test-machine.ts';
import { hubError, make, userNamed } from '../test/made.ts';
import { pamOptions } from './options.ts';

it('the command that makes an account quotes nothing by default', () => {
  expect(pamOptions.properties.addUserCommand.default.join(' ')).not.toMatch(/["']/);
});

describe('a new user', () => {
  it('needs an account of the system, and is told the option that makes one (P151)', async () => {
    await using pam = make();
    await expect(pam.authenticator.onUserAdded?.(userNamed('hub-nobody'))).rejects.toEqual(
      expect.objectContaining({
        code: 'HUB_BAD_REQUEST',
        hint: expect.stringContaining('createSystemUsers'),
      }),
    );
    await expect(pam.authenticator.onUserAdded?.(userNamed('root'))).resolves.toBeUndefined();
  });

  it.each(['--help', '-D', 'a b:c', '..'])('called %j reaches no command', async (name) => {
    await using pam = make({ createSystemUsers: true, addUserCommand: ['/bin/false'] });
    await expect(pam.authenticator.onUserAdded?.(userNamed(name))).rejects.toEqual(
      hubError('HUB_BAD_REQUEST', 'cannot have an account'),
    );
  });

  it('is not made when the command fails: its output is in the error (P151)', async () => {
    const failing = ['/bin/sh', '-c', 'echo said; echo complained >&2; exit 9'];
    await using pam = make({ createSystemUsers: true, addUserCommand: failing });
    await expect(pam.authenticator.onUserAdded?.(userNamed('hub-nobody'))).rejects.toEqual(
      hubError('HUB_PLUGIN_FAILED', /it ended with status 9\. said\ncomplained$/),
    );
    await using idle = make({ createSystemUsers: true, addUserCommand: ['/bin/true'] });
    await expect(idle.authenticator.onUserAdded?.(userNamed('hub-nobody'))).rejects.toEqual(
      hubError('HUB_PLUGIN_FAILED', 'the account is not there'),
    );
    await using absent = make({ createSystemUsers: true, addUserCommand: ['/bin/hub-absent'] });
    await expect(absent.authenticator.onUserAdded?.(userNamed('hub-nobody'))).rejects.toEqual(
      hubError('HUB_PLUGIN_FAILED', 'ENOENT'),
    );
  });

  describe('on this machine', () => {
    beforeEach(({ skip }) => skip(!mayChangeMachine, machineReason));
    let machine: TestMachine;
    beforeAll(async () => {
      if (!mayChangeMachine) return;
      machine = await TestMachine.create();
    });
    afterAll(() => machine?.[Symbol.asyncDispose]());

    it('gets an account with the number, a home and no password (P151)', async () => {
      const name = `hubt${Date.now().toString(36)}`;
      machine.removeLater(name);
      const uid = 610_000 + Math.floor(Math.random() * 10_000);
      await using pam = make({ createSystemUsers: true, uids: { [name]: uid } });
      await pam.authenticator.onUserAdded?.(userNamed(name));
      const { stdout } = await run('getent', ['passwd', name]);
      const [, , number, , , home, shell] = stdout.trim().split(':');
      expect([number, home, shell]).toEqual([String(uid), `/home/${name}`, '/bin/bash']);
      expect((await run('passwd', ['--status', name])).stdout).toMatch(/^\S+ L /);
      expect((await run('stat', ['-c', '%U', `/home/${name}`])).stdout.trim()).toBe(name);
      // Nobody minds being asked twice.
      await pam.authenticator.onUserAdded?.(userNamed(name));
    });

    it('gets an account by another command', async () => {
      const name = `hubt${Date.now().toString(36)}x`;
      machine.removeLater(name);
      const addUser = ['useradd', '--no-create-home', '--comment', 'of USERNAME'];
      await using pam = make({ createSystemUsers: true, addUserCommand: addUser });
      await pam.authenticator.onUserAdded?.(userNamed(name));
      const { stdout } = await run('getent', ['passwd', name]);
      expect(stdout).toContain(`:of ${name}:`);
    });
  });
});
