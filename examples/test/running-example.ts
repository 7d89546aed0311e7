import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { Browser } from './browser.ts';

/** A program that runs in a folder of its own. */
export class RunningExample implements AsyncDisposable {
  output = '';
  readonly #child: ChildProcess;

  /** Starts Node with `args` in `folder`. */
  constructor(folder: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(process.execPath, args, {
      cwd: folder,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.#child.stdout, this.#child.stderr])
      stream?.on('data', (chunk: Buffer) => {
        this.output += chunk;
      });
  }

  /** Resolves to a browser on the login page, once it is there; rejects when the program ends before. */
  async opened(origin: string): Promise<Browser> {
    for (
      let end = Date.now() + 60_000;
      Date.now() < end;
      await new Promise((wake) => setTimeout(wake, 200))
    ) {
      if (this.#child.exitCode !== null) break;
      const browser = new Browser(origin);
      const answer = await browser.get('/hub/login').catch(() => null);
      if (answer?.status === 200) return browser;
    }
    throw new Error(`no login page at ${origin}:\n${this.output}`);
  }

  /** Sends the signal and resolves to the exit code. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    // One that a signal ended has no exit code and tells nobody a second time.
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return this.#child.exitCode;
    const exit = once(this.#child, 'exit');
    this.#child.kill(signal);
    const [code] = await exit;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGTERM');
  }
}

/** An empty folder that goes away with the block it is used in. */
export async function emptyFolder(): Promise<AsyncDisposable & { readonly path: string }> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'hub-example-'));
  await chmod(folder, 0o755); // PostgreSQL runs under an account of its own when the hub is root
  return { path: folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

/** Can all of these ports be bound on loopback now? */
export async function areFree(...ports: readonly number[]): Promise<boolean> {
  const free = await Promise.all(ports.map(isFree));
  return free.every(Boolean);
}

async function isFree(port: number): Promise<boolean> {
  const server = net.createServer();
  const bound = new Promise<boolean>((resolve) => {
    server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
  });
  const free = await bound;
  if (free) await new Promise((closed) => server.close(closed));
  return free;
}
