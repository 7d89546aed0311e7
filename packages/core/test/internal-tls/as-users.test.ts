import { existsSync, lstatSync } from 'node:fs';
import { rmdir } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  machineReason,
  mayChangeMachine,
  run,
  type TestUser,
  type UserMachine,
  userMachine,
} from '../../../spawner-local/test/user-machine.ts';
import { quickServer, TlsMachine } from './support/tls-hub.ts';

const limit = 120_000;

describe('certificates of servers under the accounts of their users', () => {
  beforeEach(({ skip }) => skip(!mayChangeMachine, machineReason));
  let users: UserMachine;
  let machine: TlsMachine;
  let ada: TestUser;
  let bob: TestUser;

  beforeAll(async () => {
    if (!mayChangeMachine) return;
    users = await userMachine();
    [ada, bob] = [await users.user(), await users.user()];
    const { controlGroup } = users;
    const command = await users.forUsers(quickServer);
    machine = await TlsMachine.open({ runAs: 'user', command, workingDirectory: '~', controlGroup });
  }, limit);
  afterAll(async () => {
    await machine?.[Symbol.asyncDispose]();
    await users?.[Symbol.asyncDispose]();
  }, limit);

  it(
    'can be read by their user alone, changed by nobody, and go with the server (P308, W105)',
    async () => {
      await machine.startServer(ada.name);
      expect(await machine.get(`/user/${ada.name}/`)).toEqual({ status: 200, text: ada.name });

      const { keyFile } = await machine.filesOf(ada.name);
      const [file, folder] = [lstatSync(keyFile), lstatSync(path.dirname(keyFile))];
      expect([file.uid, file.mode & 0o777]).toEqual([ada.uid, 0o600]);
      expect([folder.uid, folder.mode & 0o777]).toEqual([0, 0o711]);
      const reads = ({ name }: TestUser) =>
        run('setpriv', [`--reuid=${name}`, `--regid=${name}`, '--init-groups', '--', 'cat', keyFile]);
      expect((await reads(ada)).stdout).toContain('PRIVATE KEY');
      expect(await reads(bob)).toMatchObject({ status: 1, stdout: '' });

      await machine.stopServer(ada.name);
      expect(existsSync(path.dirname(keyFile))).toBe(false);
      await rmdir(path.dirname(path.dirname(keyFile))); // of this hub, which is no more: it must be empty
    },
    limit,
  );
});
