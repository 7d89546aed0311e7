import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { OneServerAnswer, OneServerQuestion } from './one-server.ts';
import { clone, type SudoMachine } from './sudo-machine.ts';

/** A driver that runs as the user of the hub, in a process of its own. */
export class OneServer implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  #said = '';

  static async open(machine: SudoMachine, mediatorPath: string, witness = ''): Promise<OneServer> {
    const program = `${clone}/packages/spawner-sudo/test/support/one-server.ts`;
    const words = [process.execPath, '--conditions=@hub/source', program];
    const folder = await machine.folder();
    return new OneServer(machine.launchAsHub([...words, folder, mediatorPath, witness]));
  }

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stderr?.on('data', (text) => {
      this.#said += text;
    });
    if (!child.stdout) throw new Error('it has no output');
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  async ask(question: OneServerQuestion): Promise<OneServerAnswer> {
    this.#child.stdin?.write(`${JSON.stringify(question)}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(`the driver ended: ${this.#said}`);
    return JSON.parse(value) as OneServerAnswer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = this.#child.exitCode === null ? once(this.#child, 'exit') : null;
    this.#child.stdin?.end();
    await ended;
  }
}
