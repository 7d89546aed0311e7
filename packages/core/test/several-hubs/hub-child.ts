import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type postgres from 'postgres';
import { ask, type TestAnswer } from '../../../testing/src/index.ts';
import { createTestDatabase, type TestDatabase } from '../../src/index.ts';
import { openClient } from '../../src/storage/database.ts';
import type { HubProgramReady, HubProgramSettings } from './hub-program.ts';
import { Machine } from './machine.ts';

const program = new URL('./hub-program.ts', import.meta.url);

/** One hub in a process of its own. */
export class HubChild {
  readonly host: string;
  readonly url: string;
  readonly #process: ChildProcess;

  constructor(host: string, url: string, child: ChildProcess) {
    this.host = host;
    this.url = url;
    this.#process = child;
  }

  /** A request of the administrator; `path` begins behind `/hub/api`. */
  api(method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown): Promise<TestAnswer> {
    return ask(this.url, method, `/hub/api${path}`, { token: adminToken, body });
  }

  get lives(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Ends it; resolves when it is gone. */
  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (!this.lives) return;
    const exit = once(this.#process, 'exit');
    this.#process.kill(signal);
    await exit;
  }
}

const adminToken = 'token-of-the-administrator';

/** Hubs on one database and one machine. */
export class HubGroup implements AsyncDisposable {
  readonly database: TestDatabase;
  readonly machine: Machine;
  /** The test's own connection. */
  readonly sql: postgres.Sql;
  readonly hubs: HubChild[] = [];
  readonly #folder: string;
  readonly #cookieSecret = randomBytes(32).toString('hex');

  private constructor(database: TestDatabase, machine: Machine, folder: string) {
    this.database = database;
    this.sql = openClient(database.connection, 'hub tests', { max: 2 });
    this.machine = machine;
    this.#folder = folder;
  }

  static async make(options: { readonly launchMs?: number } = {}): Promise<HubGroup> {
    const folder = await mkdtemp(join(tmpdir(), 'several-hubs-'));
    return new HubGroup(await createTestDatabase(), await Machine.open(options), folder);
  }

  /** Starts one more; resolves when it serves. */
  async start(host: string, { concurrentStarts = 100 } = {}): Promise<HubChild> {
    const settings: HubProgramSettings = {
      database: this.database.url,
      dataFolder: join(this.#folder, host),
      host,
      machine: this.machine.url,
      cookieSecret: this.#cookieSecret,
      connectUrl: 'http://127.0.0.1:9',
      adminToken,
      concurrentStarts,
    };
    const child = fork(program, [JSON.stringify(settings)], {
      execArgv: ['--conditions=@hub/source'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let said = '';
    child.stderr?.on('data', (text) => {
      said = `${said}${text}`.slice(-10_000);
    });
    const ended = once(child, 'exit').then(([code, signal]) => {
      if (code !== 0 && signal !== 'SIGKILL') console.error(`hub ${host} ended by itself: ${said}`);
      throw new Error(`hub ${host} ended: ${said}`);
    });
    ended.catch(() => undefined); // expected later
    // The program sends this one message.
    const [ready] = (await Promise.race([once(child, 'message'), ended])) as [HubProgramReady];
    const hub = new HubChild(host, ready.url, child);
    this.hubs.push(hub);
    return hub;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const hub of this.hubs) await hub.end('SIGTERM');
    await this.machine[Symbol.asyncDispose]();
    await this.sql.end({ timeout: 1 });
    await this.database.drop();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
