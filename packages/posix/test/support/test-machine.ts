import { execFile as execFileByCallback, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const execFile = promisify(execFileByCallback);

/** May this run add accounts and PAM services to the machine? */
export const mayChangeMachine = process.getuid?.() === 0 && process.env.HUB_TEST_SYSTEM === '1';

/** Why tests that do so are skipped. */
export const machineReason = 'adds accounts to the machine: HUB_TEST_SYSTEM=1 as root';

/** Accounts, groups and PAM services of this machine for the time of a test file. Names are random. */
export class TestMachine implements AsyncDisposable {
  readonly #undo: (() => Promise<unknown>)[] = [];
  folder = '';

  static async create(): Promise<TestMachine> {
    const machine = new TestMachine();
    machine.folder = await mkdtemp(join(tmpdir(), 'hub-pam-'));
    machine.#undo.push(() => rm(machine.folder, { recursive: true, force: true }));
    return machine;
  }

  /** Makes an account; without a password nobody can sign in to it. */
  async user(password?: string, more: readonly string[] = []): Promise<string> {
    const name = `hubt${randomBytes(5).toString('hex')}`;
    await execFile('useradd', ['--no-create-home', '--shell', '/bin/sh', ...more, name]);
    this.#undo.push(() => this.removeUser(name));
    if (password !== undefined) await this.setPassword(name, password);
    return name;
  }

  async setPassword(name: string, password: string): Promise<void> {
    const { stdout } = await run('openssl', ['passwd', '-6', '-stdin'], `${password}\n`);
    await execFile('usermod', ['--password', stdout.trim(), name]);
  }

  /** An account that something else makes; it is removed with the others. */
  removeLater(name: string): void {
    this.#undo.push(() => this.removeUser(name));
  }

  async removeUser(name: string): Promise<void> {
    // Somebody may have removed it, which is what the test was about.
    await execFile('userdel', ['--remove', '--force', name]).catch(() => undefined);
  }

  async group(...members: readonly string[]): Promise<string> {
    const name = `hubg${randomBytes(5).toString('hex')}`;
    await execFile('groupadd', [name]);
    this.#undo.push(() => execFile('groupdel', [name]));
    for (const member of members) await execFile('gpasswd', ['--add', member, name]);
    return name;
  }

  /** A service of the given lines, such as `auth required pam_unix.so`. */
  async service(...lines: readonly string[]): Promise<string> {
    const name = `hub-test-${randomBytes(5).toString('hex')}`;
    const file = `/etc/pam.d/${name}`;
    await writeFile(file, `${lines.join('\n')}\n`);
    this.#undo.push(() => rm(file, { force: true }));
    return name;
  }

  async file(name: string, text: string, mode = 0o600): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, text, { mode });
    return path;
  }

  /** Puts lines at the end of a file of the machine, which is as before afterwards. */
  async append(path: string, text: string): Promise<void> {
    const before = await readFile(path, 'utf8');
    this.#undo.push(() => writeFile(path, before));
    await writeFile(path, `${before}${text}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const undo of this.#undo.reverse()) await undo();
  }
}

/** Runs a program to its end; a status other than 0 is part of the answer. */
export function run(
  command: string,
  args: readonly string[],
  input = '',
): Promise<{ status: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'pipe' });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => {
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (status) => resolve({ status, stdout, stderr }));
    child.stdin.on('error', () => undefined); // it may end without having read
    child.stdin.end(input);
  });
}
