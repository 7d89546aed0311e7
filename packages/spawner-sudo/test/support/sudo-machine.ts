import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { run, TestMachine } from '../../../posix/test/support/test-machine.ts';

export { machineReason, mayChangeMachine } from '../../../posix/test/support/test-machine.ts';

const execute = promisify(execFile);
export const clone = resolve(import.meta.dirname, '../../../..');

/** This machine with a user for the hub, users in a group, a mediator in a folder of root's and a rule of sudo. */
export class SudoMachine implements AsyncDisposable {
  readonly #undo: (() => Promise<unknown>)[] = [];
  readonly #machine: TestMachine;
  /** Root's alone: the mediator and what it launches. */
  readonly bin: string;
  readonly mediator: string;
  readonly hubUser: string;
  readonly group: string;
  readonly ada: string;
  /** An account outside of the group. */
  readonly stranger: string;

  private constructor(machine: TestMachine, names: Record<'hubUser' | 'group' | 'ada' | 'stranger', string>) {
    this.#machine = machine;
    this.bin = join(machine.folder, 'bin');
    this.mediator = join(this.bin, 'hub-sudo-mediator.mjs');
    ({ hubUser: this.hubUser, group: this.group, ada: this.ada, stranger: this.stranger } = names);
  }

  static async create(): Promise<SudoMachine> {
    const machine = await TestMachine.create();
    const account = async () => {
      const name = await machine.user();
      await ownFolder(`/home/${name}`, name);
      return name;
    };
    const [hubUser, ada, stranger] = [await account(), await account(), await account()];
    const group = await machine.group(ada);
    const made = new SudoMachine(machine, { hubUser, group, ada, stranger });
    await chmod(machine.folder, 0o755);
    await mkdir(made.bin, { mode: 0o755 });
    await made.program('hub-sudo-mediator.mjs', await mediatorText());
    await made.rule(`${hubUser} ALL=(%${group}) NOPASSWD: ${made.mediator}`);
    return made;
  }

  /** One more account in the group. */
  async member(): Promise<string> {
    const name = await this.#machine.user();
    await ownFolder(`/home/${name}`, name);
    await execute('gpasswd', ['--add', name, this.group]);
    return name;
  }

  /** A program in the folder of root's. */
  async program(name: string, text: string): Promise<string> {
    const path = join(this.bin, name);
    await writeFile(path, text);
    await chmod(path, 0o755);
    return path;
  }

  /** Lines of sudoers, looked over before they count. */
  async rule(...lines: readonly string[]): Promise<void> {
    const name = `hub-test-${randomBytes(5).toString('hex')}`;
    const draft = await this.#machine.file(name, `${lines.join('\n')}\n`, 0o440);
    await execute('visudo', ['-c', '-f', draft]);
    await this.#install(draft, `/etc/sudoers.d/${name}`);
  }

  async #install(draft: string, path: string): Promise<void> {
    this.#undo.push(() => rm(path, { force: true }));
    await execute('install', ['-m', '0440', draft, path]);
  }

  /** A folder of the hub's user. */
  async folder(): Promise<string> {
    const path = await mkdtemp(join(tmpdir(), 'hub-sudo-'));
    this.#undo.push(() => rm(path, { recursive: true, force: true }));
    await ownFolder(path, this.hubUser);
    return path;
  }

  /** Runs a program as the hub's user, to its end. */
  asHub(command: readonly string[], env: Readonly<Record<string, string>> = {}, input = '') {
    return run('setpriv', [...this.#hubWords(env), ...command], input);
  }

  /** Launches a program as the hub's user. */
  launchAsHub(command: readonly string[], env: Readonly<Record<string, string>> = {}): ChildProcess {
    return spawn('setpriv', [...this.#hubWords(env), ...command], {
      cwd: clone,
      stdio: 'pipe',
    });
  }

  #hubWords(env: Readonly<Record<string, string>>): readonly string[] {
    const become = [`--reuid=${this.hubUser}`, `--regid=${this.hubUser}`, '--init-groups', '--', 'env', '-i'];
    const all = { PATH: reachablePath(), HOME: `/home/${this.hubUser}`, ...env };
    return [...become, ...Object.entries(all).map(([name, value]) => `${name}=${value}`)];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const undo of this.#undo.reverse()) await undo();
    await this.#machine[Symbol.asyncDispose]();
  }
}

/** The mediator as it is installed: one file, with the Node of this run in its first line. */
async function mediatorText(): Promise<string> {
  const source = await readFile(join(import.meta.dirname, '../../src/hub-sudo-mediator.ts'), 'utf8');
  return stripTypeScriptTypes(source).replace(/^#!.*/, `#!${process.execPath}`);
}

async function ownFolder(path: string, name: string): Promise<void> {
  await mkdir(path, { recursive: true });
  const { stdout } = await execute('id', ['-u', name]);
  await chown(path, Number(stdout), Number((await execute('id', ['-g', name])).stdout));
  await chmod(path, 0o700);
}

/** Folders of root's home are no use to others. */
export function reachablePath(): string {
  return [dirname(process.execPath), '/usr/local/bin', '/usr/bin', '/bin', '/usr/sbin'].join(delimiter);
}

/** Why whoever is not root cannot run what lies in the clone; null when they can. */
export async function unreachable(): Promise<string | null> {
  const { status } = await run('setpriv', [
    '--reuid=65534',
    '--clear-groups',
    '--',
    process.execPath,
    '-e',
    `require('node:fs').readFileSync(${JSON.stringify(join(clone, 'package.json'))})`,
  ]);
  return status === 0 ? null : 'only when accounts other than root may read the clone and its Node';
}
