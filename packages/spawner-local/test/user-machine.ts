import { chmodSync, copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAccounts, openControlGroups } from '@hub/posix';
import { run, TestMachine } from '../../posix/test/support/test-machine.ts';

export { machineReason, mayChangeMachine, run } from '../../posix/test/support/test-machine.ts';

/** An account with a home, made for a test. */
export interface TestUser {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
}

/** A machine with accounts that servers can run as. */
export interface UserMachine extends AsyncDisposable {
  readonly machine: TestMachine;
  /** Below it drivers make control groups. */
  readonly controlGroup: string;
  /** A folder everybody may look into. */
  readonly folder: string;
  user(): Promise<TestUser>;
  /** The same command by files that every account may run, wherever this checkout lies. */
  forUsers(command: readonly string[]): Promise<readonly string[]>;
}

export async function userMachine(): Promise<UserMachine> {
  const machine = await TestMachine.create();
  const accounts = createAccounts({ helpers: 1 });
  const folder = mkdtempSync(join(tmpdir(), 'hub-local-user-'));
  chmodSync(folder, 0o755);
  const controlGroup = `hub-test-${process.pid}-${Date.now().toString(36)}`;
  let copies = 0;

  const mayUse = async (path: string) => {
    const { status } = await run('setpriv', ['--reuid=65534', '--clear-groups', '--', 'test', '-r', path]);
    return status === 0;
  };
  return {
    machine,
    controlGroup,
    folder,
    async user() {
      const name = await machine.user();
      const home = `/home/${name}`;
      await run('install', ['-d', '-m', '0700', '-o', name, '-g', name, home]);
      const account = await accounts.accountOf(name);
      if (!account) throw new Error(`The account ${name} was not made.`);
      return { name, uid: account.uid, home };
    },
    async forUsers(command) {
      const words: string[] = [];
      for (const word of command) {
        if (!/^\/.*(node|\.ts)$/.test(word)) words.push(word);
        else if (await mayUse(word)) words.push(word);
        else {
          copies += 1;
          const copy = join(folder, `${copies}-${word.split('/').at(-1)}`);
          copyFileSync(word, copy);
          chmodSync(copy, 0o755);
          words.push(copy);
        }
      }
      return words;
    },
    async [Symbol.asyncDispose]() {
      await accounts.close();
      await machine[Symbol.asyncDispose]();
      rmSync(folder, { recursive: true, force: true });
      // Removing the group of no name removes what they are made in.
      await (await openControlGroups(controlGroup))?.remove('');
    },
  };
}
