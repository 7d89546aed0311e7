import { type ChildProcess, spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { type HelperFailure, helperFailure } from './helper-failure.ts';
import { killFamily } from './kill-family.ts';
import type { Answers, HelperMessage, Question } from './messages.ts';

const program = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './os-helper.ts' : './os-helper.js', import.meta.url),
);

/** What PAM modules and name services go by. Nothing else of the hub's environment, which holds its secrets. */
const passedOn = ['PATH', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'LD_LIBRARY_PATH', 'KRB5_CONFIG', 'HOME'];

/** Seconds until a new process must have said that it can work. */
const patience = 30;

interface Pending {
  resolve(answer: Answers[keyof Answers]): void;
  reject(failure: HelperFailure): void;
}

/** One child process that asks the operating system; lives until it is ended, dies, or its parent does. */
export class HelperProcess {
  readonly #child: ChildProcess;
  readonly #ready: Promise<void>;
  readonly #exited: Promise<void>;
  #pending: Pending | null = null;
  #alive = true;
  #killed = false;
  /** How many questions it was asked. */
  asked = 0;

  constructor() {
    const env = Object.fromEntries(
      passedOn.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
    );
    this.#child = spawn(process.execPath, [program], {
      cwd: '/',
      env,
      // A session of its own: Ctrl-C is the hub's alone.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    this.#exited = new Promise((done) => {
      const ended = () => {
        this.#alive = false;
        this.#pending?.reject(helperFailure('died', `The helper process ended in the middle of a call.`));
        done();
      };
      this.#child.once('exit', ended);
      this.#child.once('error', ended);
    });
    this.#ready = this.#untilReady();
    this.#ready.catch(() => undefined); // told to whoever asks first
    this.#holdLoop(false);
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Can it be asked once more? Not while it is being killed either. */
  get usable(): boolean {
    return this.#alive && !this.#killed;
  }

  /** Asks; kills the process when it has no answer within `seconds`. Rejects with a {@link HelperFailure}. */
  async ask(question: Question, seconds: number): Promise<Answers[keyof Answers]> {
    this.asked++;
    this.#holdLoop(true);
    try {
      await this.#ready;
      return await this.#exchange(question, seconds);
    } finally {
      wipe(question);
      this.#holdLoop(false);
    }
  }

  /** Lets it end by itself, and after `seconds` makes it. */
  async end(seconds: number): Promise<void> {
    if (!this.#alive) return;
    if (this.#child.connected) this.#child.disconnect();
    const timer = setTimeout(() => this.kill(), seconds * 1000);
    await this.#exited;
    clearTimeout(timer);
  }

  /** Ends it and everything that modules started in it. */
  kill(): void {
    const { pid } = this.#child;
    this.#killed = true;
    if (this.#alive && pid !== undefined) void killFamily(pid);
  }

  #exchange(question: Question, seconds: number): Promise<Answers[keyof Answers]> {
    return new Promise((resolve, reject) => {
      if (!this.#alive || !this.#child.connected) {
        reject(helperFailure('died', 'The helper process ended before it could be asked.'));
        return;
      }
      const timer = setTimeout(() => {
        this.#pending?.reject(
          helperFailure('timeout', `No answer within ${seconds} s; the helper process was killed.`),
        );
        this.kill();
      }, seconds * 1000);
      const settle = () => {
        clearTimeout(timer);
        this.#pending = null;
      };
      this.#pending = {
        resolve: (answer) => {
          settle();
          resolve(answer);
        },
        reject: (failure) => {
          settle();
          reject(failure);
        },
      };
      this.#child.send(question, (error) => {
        if (error) this.#pending?.reject(helperFailure('died', 'The helper process cannot be asked.', error));
      });
    });
  }

  #untilReady(): Promise<void> {
    let said = '';
    let ready = false;
    // Later on it is drained but not kept: a module may print what it was given.
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      if (!ready) said = (said + text).slice(-2000);
    });
    return new Promise((resolve, reject) => {
      const unusable = (why: string, cause?: Error) => {
        clearTimeout(timer);
        if (ready) return;
        this.kill();
        reject(helperFailure('unusable', `The helper process ${program} cannot work: ${why}`, cause));
      };
      const timer = setTimeout(() => unusable(`it was not ready within ${patience} s`), patience * 1000);
      void this.#exited.then(() => unusable(said.trim() || 'it ended at once'));
      this.#child.once('error', (error) => unusable(error.message, error));
      this.#child.on('message', (message: HelperMessage) => {
        if (message.kind === 'ready') {
          ready = true;
          clearTimeout(timer);
          resolve();
        } else if (message.kind === 'unusable') unusable(message.message);
        else if (message.kind === 'answer') this.#pending?.resolve(message.answer);
        else this.#pending?.reject(helperFailure('failed', message.message));
      });
    });
  }

  /** An idle helper keeps nobody's program from ending. */
  #holdLoop(hold: boolean): void {
    const stderr = this.#child.stderr as Socket | null;
    for (const one of [this.#child, this.#child.channel, stderr]) {
      if (hold) one?.ref();
      else one?.unref();
    }
  }
}

/** Overwrites secrets that have been written to the pipe, or will not be. */
export function wipe(question: Question): void {
  if (question.kind !== 'sign-in') return;
  for (const secret of question.secrets) secret.fill(0);
}
