import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe } from 'vitest';
import { chpProxy } from '../../../proxy-chp/src/index.ts';
import { localSpawner } from '../../../spawner-local/src/index.ts';
import {
  createTestHub,
  TestBrowser,
  TestClient,
  type TestHub,
  type TestHubOptions,
  type TestPage,
  until,
} from '../../../testing/src/index.ts';
import type { Hub } from '../../src/index.ts';
import { freePort } from '../python-clients/python.ts';

/** JupyterLab on a busy machine takes its time. All times here are seconds. */
export const patience = 120;

/** An environment of Python programs: JupyterHub 6.1 in the first, 5.x, Notebook 7 and a server proxy in the other. */
export type Venv = '.venv' | '.venv-compat';

const clone = path.resolve(import.meta.dirname, '../../../..');
const program = (venv: Venv, name: string) => path.join(clone, venv, 'bin', name);

/**
 * Tests with servers of an environment, in order. Where it was not installed, or where no process tells its
 * environment, they are left out and their title says why; in CI they fail.
 */
export function describeWith(venv: Venv, title: string, tests: () => void): void {
  const missing = !existsSync('/proc/self/environ')
    ? 'no /proc here'
    : !existsSync(program(venv, 'jupyterhub-singleuser'))
      ? `no ${venv}/bin/jupyterhub-singleuser, \`npm test\` installs it`
      : null;
  if (missing !== null && process.env.CI) throw new Error(`${title}: ${missing}`);
  describe.skipIf(missing !== null)(missing === null ? title : `${title} (left out: ${missing})`, tests);
}

/** The shell a server is launched by sets these. */
const ofShells = new Set(['PWD', 'OLDPWD', 'SHLVL', '_']);

type LocalOptions = Partial<Parameters<typeof localSpawner>[0]>;

/** What a {@link SingleUserHub} may be given besides the settings of a hub. */
export interface SingleUserHubOptions extends Omit<TestHubOptions, 'plugins' | 'spawner' | 'bindUrl'> {
  readonly venv?: Venv;
  /** `/` unless given. */
  readonly prefix?: string;
  /** Options of the spawner; servers have a home of their own each. */
  readonly spawner?: LocalOptions;
}

/** A whole hub that starts unmodified single-user servers behind the real proxy. Ends with its `await using` block. */
export class SingleUserHub implements AsyncDisposable {
  readonly test: TestHub;
  /** Where people reach it, by the proxy. */
  readonly origin: string;
  readonly prefix: string;
  /** Folder of the homes; each is named after its user. */
  readonly homes: string;

  constructor(test: TestHub, origin: string, prefix: string, homes: string) {
    this.test = test;
    this.origin = origin;
    this.prefix = prefix;
    this.homes = homes;
  }

  get hub(): Hub {
    return this.test.hub;
  }

  /** Somebody at a browser, not signed in. */
  browser(): TestBrowser {
    return new TestBrowser(this.origin, `${this.prefix}hub/`);
  }

  /** A browser in which this user is signed in; the page after is not opened. */
  async signIn(name: string): Promise<TestBrowser> {
    const browser = this.browser();
    const { status } = await browser.signInByForm({ username: name, password: name });
    if (status !== 302) throw new Error(`The sign-in of ${name} was answered with ${status}.`);
    return browser;
  }

  /** Starts a server and waits until it is ready. */
  async start(user: string, server = ''): Promise<void> {
    // By the proxy: with internal TLS the hub itself talks to nobody without a certificate.
    const client = new TestClient(this.origin, user, await this.test.tokenOf(user), this.prefix);
    const { status, text } = await client.startServer(server);
    if (status !== 201 && status !== 202) throw new Error(`The start was answered with ${status}: ${text}`);
    const ended = await until(async () => {
      const phase = await this.test.phase(user, server);
      return phase === 'ready' || phase === 'stopped' ? phase : null;
    }, patience);
    if (ended !== 'ready') throw new Error(JSON.stringify((await this.test.server(user, server)).failure));
  }

  /** Environment of a running server as the kernel knows it, without what shells add by themselves. */
  async environment(user: string, server = ''): Promise<Record<string, string>> {
    const pid = await this.pid(user, server);
    const pairs = (await readFile(`/proc/${pid}/environ`, 'utf8')).split('\0').filter((line) => line !== '');
    const variables = pairs.map(
      (line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)] as const,
    );
    return Object.fromEntries(variables.filter(([name]) => !ofShells.has(name)));
  }

  /** Number of the process of a running server. */
  async pid(user: string, server = ''): Promise<number> {
    return Number(await this.#state('pid', user, server));
  }

  /** What a running server wrote, also before its last start. */
  async log(user: string, server = ''): Promise<string> {
    return readFile(String(await this.#state('logFile', user, server)), 'utf8');
  }

  async #state(key: 'pid' | 'logFile', user: string, server: string): Promise<unknown> {
    const { state } = await this.test.server(user, server);
    const entries = typeof state === 'object' && state !== null ? Object.entries(state) : [];
    const [, found] = entries.find(([name]) => name === key) ?? [];
    if (found === undefined) throw new Error(`The server of ${user} has no ${key}: ${JSON.stringify(state)}`);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.test[Symbol.asyncDispose]();
    await rm(this.homes, { recursive: true, force: true });
  }
}

/** Starts such a hub. */
export async function openSingleUserHub({
  venv = '.venv',
  prefix = '/',
  spawner = {},
  ...settings
}: SingleUserHubOptions = {}): Promise<SingleUserHub> {
  const [publicPort, proxyPort] = [await freePort(), await freePort()];
  const origin = `http://127.0.0.1:${publicPort}`;
  const homes = await mkdtemp(path.join(tmpdir(), 'hub-homes-'));
  const isRoot = process.getuid?.() === 0;
  const scheme = settings.internalTls?.enabled ? 'https' : 'http';
  const test = await createTestHub({
    bindUrl: `${origin}${prefix}`,
    ...settings,
    plugins: [
      localSpawner({
        runAs: 'hub',
        command: [program(venv, 'jupyterhub-singleuser'), ...(isRoot ? ['--allow-root'] : [])],
        workingDirectory: path.join(homes, '{username}'),
        startTimeout: patience,
        httpTimeout: patience,
        ...spawner,
      }),
      chpProxy({ apiUrl: `${scheme}://127.0.0.1:${proxyPort}`, authToken: 'of-the-test' }),
    ],
  });
  return new SingleUserHub(test, origin, prefix, homes);
}

/** Where a page is, without its origin. */
export function pathOf({ url }: Pick<TestPage, 'url'>): string {
  const { pathname, search } = new URL(url);
  return `${pathname}${search}`;
}
