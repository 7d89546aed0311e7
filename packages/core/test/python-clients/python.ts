import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { reservePort } from '@hub/posix';
import { it } from 'vitest';

const bin = path.resolve(import.meta.dirname, '../../../../.venv/bin');

/**
 * A test of a program of `.venv`. Where that was not installed (`npm start` does it) the test is left out and its
 * name says why; in CI it fails.
 */
export function itWith(program: 'python' | 'jupyterhub-idle-culler', name: string, run: () => Promise<void>) {
  const missing = !existsSync(path.join(bin, program));
  const why = missing ? ` (left out: no .venv/bin/${program}, \`npm start\` installs it)` : '';
  it.skipIf(missing && !process.env.CI)(`${name}${why}`, async () => {
    if (missing) throw new Error(`.venv/bin/${program} is missing in CI`);
    await run();
  });
}

/** A Python program that runs until its block ends. */
export class PythonProgram implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;
  readonly #lines: string[] = [];
  #said = '';

  constructor(
    program: 'python' | 'jupyterhub-idle-culler',
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ) {
    this.#child = spawn(path.join(bin, program), args, { env: { PATH: process.env.PATH, ...env } });
    this.#exit = once(this.#child, 'exit');
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#lines.push(...text.split('\n').filter((line) => line !== ''));
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text;
    });
  }

  /** All it wrote to standard error. */
  get said(): string {
    return this.#said;
  }

  get lives(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Sends a line and waits for the line it answers with. */
  async ask(question: unknown): Promise<unknown> {
    const before = this.#lines.length;
    this.#child.stdin?.write(`${JSON.stringify(question)}\n`);
    for (let waited = 0; waited < 20_000; waited += 20) {
      const line = this.#lines[before];
      if (line !== undefined) return JSON.parse(line);
      if (!this.lives) break;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error(`no answer: ${this.#said}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.lives) this.#child.kill('SIGKILL');
    await this.#exit;
  }
}

/** A port nobody listens at now. */
export async function freePort(): Promise<number> {
  return (await reservePort('127.0.0.1', { from: 12_000, to: 30_000 })).port;
}
