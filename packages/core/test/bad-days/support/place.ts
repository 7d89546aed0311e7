import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '../../../../posix/test/support/test-machine.ts';
import { userMachine } from '../../../../spawner-local/test/user-machine.ts';
import { clone, SudoMachine } from '../../../../spawner-sudo/test/support/sudo-machine.ts';

export type SpawnerKind = 'local' | 'sudo';

/** An account of the machine, whose name is that of a user, too. */
export interface AccountOfUser {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
}

/** What a kind of spawner needs of the machine. */
export interface Place extends AsyncDisposable {
  /** Of the hub alone; the database is in it. */
  readonly dataFolder: string;
  /** Of the hub's account. */
  readonly uid: number;
  /** Options of the spawner that launches `command` for each user. */
  readonly spawner: Readonly<Record<string, unknown>>;
  account(): Promise<AccountOfUser>;
  /** Runs a program as whoever the hub is. */
  launch(command: readonly string[], env?: Readonly<Record<string, string>>): ChildProcess;
}

/** `server` is a script that every account may read, `words` are its arguments. */
export function makePlace(kind: SpawnerKind, server: string, words: readonly string[]): Promise<Place> {
  return kind === 'local' ? localPlace(server, words) : sudoPlace(server, words);
}

/** A hub of root's. */
async function localPlace(server: string, words: readonly string[]): Promise<Place> {
  const machine = await userMachine();
  const folder = await mkdtemp(join(tmpdir(), 'hub-bad-day-'));
  await chmod(folder, 0o711); // PostgreSQL runs as another account, which must get through
  const [node = ''] = await machine.forUsers([process.execPath]);
  return {
    dataFolder: join(folder, 'data'),
    uid: 0,
    spawner: { command: [node, server, ...words], controlGroup: machine.controlGroup },
    account: () => machine.user(),
    launch: ([program = '', ...args], env = {}) =>
      spawn(program, args, { cwd: clone, stdio: 'pipe', env: { ...process.env, ...env } }),
    async [Symbol.asyncDispose]() {
      await machine[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** A hub of an account without rights, and a rule of sudo. */
async function sudoPlace(server: string, words: readonly string[]): Promise<Place> {
  const machine = await SudoMachine.create();
  const program = `#!/bin/sh\nexec ${[process.execPath, server, ...words].join(' ')} "$@"\n`;
  await machine.program('sudospawner-singleuser', program);
  return {
    dataFolder: join(await machine.folder(), 'data'),
    uid: Number((await run('id', ['-u', machine.hubUser])).stdout),
    spawner: { mediatorPath: machine.mediator },
    async account() {
      const name = await machine.member();
      return { name, uid: Number((await run('id', ['-u', name])).stdout), home: `/home/${name}` };
    },
    launch: (command, env = {}) => machine.launchAsHub(command, env),
    [Symbol.asyncDispose]: () => machine[Symbol.asyncDispose](),
  };
}
