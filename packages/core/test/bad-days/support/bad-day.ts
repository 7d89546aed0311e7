import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { chmod, copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { reservePort } from '@hub/posix';
import { clone } from '../../../../spawner-sudo/test/support/sudo-machine.ts';
import { ask, eventsIn, type TestAnswer, until } from '../../../../testing/src/index.ts';
import type { Hold, HubProgramSettings } from './hub-program.ts';
import { type AccountOfUser, makePlace, type Place, type SpawnerKind } from './place.ts';

/** Behaviour of a server, see `server.cjs`. */
export type ServerTrait = 'mute' | 'busy' | 'stubborn' | 'deaf';

export interface BadDayOptions {
  /** Options of the spawner besides those every test has. */
  readonly spawner?: Readonly<Record<string, unknown>>;
  readonly servers?: Readonly<Record<string, unknown>>;
}

/** Times that let a start and a stop be seen at every step, and end soon all the same. */
const quick = {
  startTimeout: 60,
  httpTimeout: 60,
  pollInterval: 1,
  interruptTimeout: 2,
  termTimeout: 2,
  killTimeout: 5,
};

/** A real hub in a process of its own, with servers under real accounts, to which bad things are done. */
export class BadDay implements AsyncDisposable {
  readonly place: Place;
  readonly #settings: HubProgramSettings;
  #hub: ChildProcess | null = null;
  /** What the hub said, all of its runs together. */
  said = '';

  private constructor(place: Place, settings: HubProgramSettings) {
    this.place = place;
    this.#settings = settings;
  }

  static async make(kind: SpawnerKind, { spawner = {}, servers = {} }: BadDayOptions = {}): Promise<BadDay> {
    const steering = await mkdtemp(join(tmpdir(), 'hub-steering-'));
    await chmod(steering, 0o755);
    const script = join(steering, 'server.cjs');
    await copyFile(join(import.meta.dirname, 'server.cjs'), script);
    await chmod(script, 0o644);
    const place = await makePlace(kind, script, [steering]);
    // Not those that the system hands out by itself: a killed hub wants its ports back.
    const port = async () => (await reservePort('127.0.0.1', { from: 12_000, to: 30_000 })).port;
    return new BadDay(place, {
      kind,
      dataFolder: place.dataFolder,
      steering,
      ports: { hub: await port(), public: await port(), proxy: await port() },
      apiToken: randomBytes(16).toString('hex'),
      spawner: { ...quick, ...place.spawner, ...spawner },
      servers,
    });
  }

  /** An account, and the user of that name. The hub must run. */
  async user(): Promise<AccountOfUser> {
    const account = await this.place.account();
    const { status } = await this.api('POST', `/users/${account.name}`);
    if (status !== 201) throw new Error(`the user was not made: ${status}`);
    return account;
  }

  /** Starts the hub; resolves when it serves. `words` stand before the command, `env` is added. */
  async start(words: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<void> {
    const program = join(clone, 'packages/core/test/bad-days/support/hub-program.ts');
    const command = [process.execPath, '--conditions=@hub/source', program, JSON.stringify(this.#settings)];
    const child = this.place.launch([...words, ...command], env);
    this.#hub = child;
    const began = this.said.length;
    child.stderr?.on('data', (text) => {
      this.said += text;
    });
    const ended = once(child, 'exit').then(() => {
      throw new Error(`the hub ended: ${this.said.slice(began)}`);
    });
    ended.catch(() => undefined); // expected later
    await Promise.race([once(child.stdout ?? child, 'data'), ended]);
  }

  /** Process id of the hub. */
  get pid(): number {
    return this.#hub?.pid ?? 0;
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    const child = this.#hub;
    this.#hub = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  }

  /** The hub without the proxy. */
  get origin(): string {
    return `http://127.0.0.1:${this.#settings.ports.hub}`;
  }

  api(method: 'GET' | 'POST' | 'DELETE' | 'PATCH', path: string, body?: unknown): Promise<TestAnswer> {
    const token = this.#settings.apiToken;
    return ask(this.origin, method, `/hub/api${path}`, { token, body });
  }

  /** Who the hub takes the holder of a token for. */
  as(token: string): Promise<TestAnswer> {
    return ask(this.origin, 'GET', '/hub/api/user', { token });
  }

  /** What the story of a start tells up to now; `path` is that of the server. */
  async soFar(path: string): Promise<string> {
    let text = '';
    try {
      const answer = await fetch(`${this.origin}/hub/api${path}/progress`, {
        headers: { authorization: `token ${this.#settings.apiToken}` },
        signal: AbortSignal.timeout(1_000),
      });
      for await (const chunk of answer.body?.pipeThrough(new TextDecoderStream()) ?? []) text += chunk;
    } catch {
      // The stream goes on; what it told until now will do.
    }
    return text;
  }

  /** What somebody gets who asks the hub's public address. */
  visit(path: string): Promise<TestAnswer> {
    return ask(`http://127.0.0.1:${this.#settings.ports.public}`, 'GET', path);
  }

  startServer({ name }: AccountOfUser): Promise<TestAnswer> {
    return this.api('POST', `/users/${name}/server`);
  }

  stopServer({ name }: AccountOfUser, body?: unknown): Promise<TestAnswer> {
    return this.api('DELETE', `/users/${name}/server`, body);
  }

  async phase({ name }: AccountOfUser): Promise<string> {
    const { json, status } = await this.api('GET', `/users/${name}/server`);
    if (status !== 200) return `status ${status}`;
    return json.ready ? 'ready' : json.stopped ? 'stopped' : String(json.pending);
  }

  /** Resolves when the server is in that phase. */
  async comesTo(phase: 'ready' | 'stopped', user: AccountOfUser, seconds = 60): Promise<void> {
    await until(async () => (await this.phase(user)) === phase, seconds).catch(async () => {
      const { text } = await this.api('GET', `/users/${user.name}/server`);
      throw new Error(`${user.name} is not ${phase}: ${text}`);
    });
  }

  /** The whole story of the last start, when it is over. */
  async story({ name }: AccountOfUser): Promise<readonly Record<string, unknown>[]> {
    return eventsIn((await this.api('GET', `/users/${name}/server/progress`)).text);
  }

  /** A start that is expected to fail: the last event of its story. */
  async failedStart(user: AccountOfUser): Promise<Record<string, unknown>> {
    await this.startServer(user);
    await this.comesTo('stopped', user);
    return (await this.story(user)).at(-1) ?? {};
  }

  /** Whoever of this user's starts or stops gets there stands still until `letGo`. */
  hold(where: Hold | ServerTrait, { name }: AccountOfUser): Promise<void> {
    return writeFile(join(this.#settings.steering, `${where}.${name}`), '');
  }

  letGo(where: Hold | ServerTrait, { name }: AccountOfUser): Promise<void> {
    return rm(join(this.#settings.steering, `${where}.${name}`), { force: true });
  }

  /** Resolves when somebody stands still there. */
  reached(where: Hold, { name }: AccountOfUser): Promise<boolean> {
    return until(() => existsSync(join(this.#settings.dataFolder, `${where}.${name}.reached`)), 60);
  }

  /** Signals the user's server has got. */
  async signals({ home }: AccountOfUser): Promise<readonly string[]> {
    const text = await readFile(join(home, 'signals'), 'utf8').catch(() => '');
    return text.split('\n').filter((line) => line !== '');
  }

  /** Processes that run a server under this account. */
  servers(user: AccountOfUser): readonly number[] {
    const script = `\0${join(this.#settings.steering, 'server.cjs')}\0`;
    return processesOf(user).filter((pid) => {
      const words = textOf(`/proc/${pid}/cmdline`).split('\0');
      return !words[0]?.endsWith('sh') && `\0${words[1] ?? ''}\0` === script;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.#settings.steering, { recursive: true, force: true }); // servers go by themselves
    await this.end('SIGTERM');
    const postmaster = join(this.#settings.dataFolder, 'postgres/postmaster.pid');
    await until(() => !existsSync(postmaster), 20).catch(() => undefined);
    await this.place[Symbol.asyncDispose]();
  }
}

/** All that runs under an account, zombies aside. */
export function processesOf({ uid }: AccountOfUser): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      const status = textOf(`/proc/${pid}/status`);
      return new RegExp(`^Uid:\\t${uid}\\t`, 'm').test(status) && !/^State:\tZ/m.test(status);
    })
    .map(Number);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // gone meanwhile
  }
}
