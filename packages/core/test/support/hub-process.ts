import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reservePort } from '@hub/posix';
import { ask, type TestAnswer, TestClient, type TestRequest, until } from '../../../testing/src/index.ts';
import { openWitness, type Witness } from '../../../testing/src/spawner-conformance/witness.ts';
import type { HubProcessAnswer, HubProcessQuestion, HubProcessSettings } from '../fixtures/hub-process.ts';

const program = new URL('../fixtures/hub-process.ts', import.meta.url);

/** A hub in a process of its own that can be killed and started again on the same folder. */
export class HubProcess implements AsyncDisposable {
  readonly witness: Witness;
  readonly #settings: HubProcessSettings;
  #child: ChildProcess | null = null;

  private constructor(settings: HubProcessSettings, witness: Witness) {
    this.#settings = settings;
    this.witness = witness;
  }

  /** Makes the folder; nothing runs before `start`. */
  static async make({
    concurrentStarts,
    shared = false,
  }: {
    concurrentStarts: number;
    /** Several hubs are to run on its folder. */
    shared?: boolean;
  }): Promise<HubProcess> {
    const place = await mkdtemp(join(tmpdir(), 'hub-kill-'));
    await chmod(place, 0o711); // under root PostgreSQL runs as another user, who must get through
    const folder = join(place, 'data');
    const witness = await openWitness('127.0.0.1');
    const [hubPort, publicPort, proxyPort] = await freePorts();
    const connectUrl = shared ? { connectUrl: `http://127.0.0.1:${publicPort}` } : {};
    const ports = { hubPort, publicPort, proxyPort };
    return new HubProcess(
      { folder, ...ports, ...connectUrl, concurrentStarts, witness: witness.address },
      witness,
    );
  }

  /** Another hub on the same folder, behind the same proxy. End it before this one. */
  async neighbour(host: string): Promise<HubProcess> {
    const [hubPort] = await freePorts();
    return new HubProcess({ ...this.#settings, hubPort, host }, this.witness);
  }

  /** Asks it to stop and waits until it has. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGTERM');
    await exit;
    this.#child = null;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#settings.hubPort}`;
  }

  get publicUrl(): string {
    return `http://127.0.0.1:${this.#settings.publicPort}`;
  }

  /** Starts it; resolves with the milliseconds from the program's first line until it serves. */
  async start(): Promise<number> {
    const child = fork(program, [JSON.stringify(this.#settings)], {
      execArgv: ['--conditions=@hub/source'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    let said = '';
    child.stderr?.on('data', (text) => {
      said = `${said}${text}`.slice(-10_000);
    });
    this.#child = child;
    const ended = once(child, 'exit').then(([code, signal]) => {
      if (code !== 0 && signal !== 'SIGKILL') console.error(`the hub ended by itself: ${said}`);
      throw new Error(`the hub ended: ${said}`);
    });
    ended.catch(() => undefined); // expected later
    const ready = await Promise.race([this.#answer('ready'), ended]);
    return ready.milliseconds;
  }

  /** kill -9; resolves when it is gone. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
    this.#child = null;
  }

  request(method: 'GET' | 'POST' | 'DELETE', path: string, request: TestRequest = {}): Promise<TestAnswer> {
    return ask(this.url, method, path, request);
  }

  /** A user with a token; made when there is none. */
  async user(name: string): Promise<TestClient> {
    const question: HubProcessQuestion = { token: name };
    const answer = this.#answer('token');
    this.#child?.send(question);
    return new TestClient(this.url, name, (await answer).token);
  }

  /** Makes what `held` or `late` waits for. */
  go(name: 'held' | 'late'): Promise<void> {
    return writeFile(`${this.#settings.folder}.${name}`, '');
  }

  async stay(name: 'held' | 'late'): Promise<void> {
    await rm(`${this.#settings.folder}.${name}`, { force: true });
  }

  /** Process id of the database's postmaster. */
  async postmaster(): Promise<number> {
    const [pid] = (await readFile(join(this.#settings.folder, 'postgres/postmaster.pid'), 'utf8')).split(
      '\n',
    );
    return Number(pid);
  }

  /** Process id of the proxy, found by its command line. */
  async proxy(): Promise<number> {
    for (const pid of await readdir('/proc')) {
      if (!/^\d+$/.test(pid)) continue;
      const words = (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).split('\0');
      if (words.includes(String(this.#settings.proxyPort))) return Number(pid);
    }
    throw new Error('no proxy runs');
  }

  async phase(client: TestClient): Promise<string> {
    const { json, status } = await client.server();
    if (status !== 200) return `status ${status}`;
    return json.ready ? 'ready' : json.stopped ? 'stopped' : String(json.pending);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A hub alone can end what one that was killed, or died, has left.
    if (this.#child?.exitCode !== null) await this.start().catch(() => 0);
    await this.stop();
    await this.witness[Symbol.asyncDispose]();
    await until(() => !existsSync(join(this.#settings.folder, 'postgres/postmaster.pid')), 20).catch(
      () => true,
    );
    await rm(join(this.#settings.folder, '..'), { recursive: true, force: true });
  }

  async #answer<K extends HubProcessAnswer['kind']>(
    kind: K,
  ): Promise<Extract<HubProcessAnswer, { kind: K }>> {
    const child = this.#child;
    if (!child) throw new Error('the hub does not run');
    return new Promise((resolve) => {
      const listener = (answer: HubProcessAnswer) => {
        if (answer.kind !== kind) return;
        child.off('message', listener);
        // The line above has just compared it.
        resolve(answer as Extract<HubProcessAnswer, { kind: K }>);
      };
      child.on('message', listener);
    });
  }
}

async function freePorts(): Promise<[number, number, number]> {
  // Not those that the system hands out by itself: a killed hub wants its ports back.
  const one = () => reservePort('127.0.0.1', { from: 12_000, to: 30_000 });
  const [a, b, c] = [await one(), await one(), await one()];
  return [a.port, b.port, c.port];
}
