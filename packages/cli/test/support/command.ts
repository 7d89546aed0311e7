import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { vi } from 'vitest';
import { reservePort } from '../../../posix/src/index.ts';

// Each test starts several processes, some a database with them; a busy machine takes its time.
vi.setConfig({ testTimeout: 2120_000 });

const main = path.resolve(import.meta.dirname, '../../src/main.ts');
const plugins = path.resolve(import.meta.dirname, 'plugins.ts');

/** A `hub` command as a process of its own. */
export class Command implements AsyncDisposable {
  out = '';
  err = '';
  readonly #child: ChildProcess;
  readonly #ended: Promise<number | null>;

  constructor(cwd: string, args: readonly string[]) {
    this.#child = spawn(process.execPath, ['--conditions=@hub/source', main, ...args], {
      cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, JPY_COOKIE_SECRET: '' },
    });
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.out += chunk;
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.err += chunk;
    });
    this.#ended = once(this.#child, 'close').then(([code]) => code);
  }

  get ended(): Promise<number | null> {
    return this.#ended;
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** Resolves once it has said `text`; rejects when it ends before. */
  async says(text: string): Promise<void> {
    const heard = () => `${this.out}${this.err}`.includes(text);
    for (let end = Date.now() + 40_000; !heard() && Date.now() < end; ) {
      const ended = await Promise.race([this.#ended.then(() => true), sleep(50)]);
      if (ended) break;
    }
    if (!heard()) throw new Error(`It did not say "${text}" but:\n${this.out}${this.err}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode === null) this.signal('SIGTERM');
    await this.#ended;
  }
}

/** A folder with a configuration in it, which goes away with the block it is used in. */
export class Place implements AsyncDisposable {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** `code` follows the import of the test's plugins. */
  static async make(code: string): Promise<Place> {
    const place = new Place(await mkdtemp(path.join(tmpdir(), 'hub-cli-')));
    await chmod(place.folder, 0o755); // a root hub's PostgreSQL runs under an account of its own
    await place.write('hub.config.ts', code);
    return place;
  }

  /** With a database of its own and a hub that listens at `port`. */
  static async hub(port: number, proxy: object = {}): Promise<Place> {
    return Place.make(hubCode(port, {}, proxy));
  }

  async write(name: string, code: string): Promise<void> {
    const imports = `import { authenticator, emptyHub, spawner, table } from ${JSON.stringify(plugins)};\n`;
    await writeFile(path.join(this.folder, name), imports + code);
  }

  run(...args: readonly string[]): Command {
    return new Command(this.folder, args);
  }

  /** Runs a command to its end. */
  async result(...args: readonly string[]): Promise<{ code: number | null; out: string; err: string }> {
    await using command = this.run(...args);
    const code = await command.ended;
    return { code, out: command.out, err: command.err };
  }

  /** A hub that serves. */
  async served(...args: readonly string[]): Promise<Command> {
    const command = this.run('start', ...args);
    await command.says('The hub serves at');
    return command;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A test may have left the database running.
    if (existsSync(path.join(this.folder, 'data/postgres'))) await this.result('db', 'stop');
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Code of a configuration of a hub that listens at `port`. */
export function hubCode(port: number, more: object = {}, proxy: object = {}): string {
  const config = {
    dataFolder: './data',
    bindUrl: 'http://127.0.0.1:8000/pre/',
    hub: { port },
    access: { admins: ['ada'] },
    ...more,
  };
  return `export default emptyHub(${JSON.stringify(config)}, ${JSON.stringify(proxy)});\n`;
}

/** A port nobody listens at just now. */
export async function freePort(): Promise<number> {
  // Not one that the system hands out by itself: a test stops its hub and wants the port back.
  return (await reservePort('127.0.0.1', { from: 12_000, to: 30_000 })).port;
}

/** Asks the REST API of the hub at `port`. */
export async function ask(port: number, token: string, path: string, method = 'GET'): Promise<Response> {
  return fetch(`http://127.0.0.1:${port}/pre/hub/api${path}`, {
    method,
    headers: { authorization: `token ${token.trim()}` },
  });
}
