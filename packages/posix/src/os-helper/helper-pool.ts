import { type HelperFailure, helperFailure, isHelperFailure } from './helper-failure.ts';
import { HelperProcess, wipe } from './helper-process.ts';
import type { Answers, Question } from './messages.ts';

/** How many helpers there are, and how long who asks them waits. */
export interface HelperPoolOptions {
  /** Processes at most (4); each is started when it is needed first. */
  readonly helpers?: number | undefined;
  /** Seconds a call may take before its process is killed (20). */
  readonly timeout?: number | undefined;
  /** Seconds a question may wait for a free helper (25). */
  readonly maxWait?: number | undefined;
  /** Questions that may wait (1,000). */
  readonly maxWaiting?: number | undefined;
}

interface Job {
  run(helper: HelperProcess): Promise<void>;
  refuse(failure: HelperFailure): void;
}

/** After so many calls a process is replaced: modules of others' making may leak. */
const callsPerProcess = 2000;

/** Child processes that make blocking calls of the operating system, so that nobody else waits for them. */
export class HelperPool {
  readonly #most: number;
  readonly #timeout: number;
  readonly #maxWait: number;
  readonly #maxWaiting: number;
  readonly #helpers = new Set<HelperProcess>();
  readonly #idle: HelperProcess[] = [];
  readonly #waiting: Job[] = [];
  /** Lookups take half a millisecond where a password takes a tenth of a second: they do not queue behind those. */
  readonly #waitingLookups: Job[] = [];
  #closed = false;

  constructor({ helpers = 4, timeout = 20, maxWait = 25, maxWaiting = 1000 }: HelperPoolOptions = {}) {
    this.#most = Math.max(1, helpers);
    this.#timeout = timeout;
    this.#maxWait = maxWait;
    this.#maxWaiting = maxWaiting;
  }

  /** Processes that run now, for those who look after a machine, and for tests. */
  get pids(): readonly number[] {
    return [...this.#helpers].flatMap(({ pid }) => pid ?? []);
  }

  /** Asks the next free helper. Rejects with a {@link HelperFailure}, whatever goes wrong. */
  ask<Q extends Question>(question: Q): Promise<Answers[Q['kind']]> {
    return new Promise((resolve, reject) => {
      const queue = question.kind === 'sign-in' ? this.#waiting : this.#waitingLookups;
      if (this.#closed || queue.length >= this.#maxWaiting) {
        wipe(question);
        return reject(this.#closed ? closed() : busy('too many wait already'));
      }
      const timer = setTimeout(() => {
        queue.splice(queue.indexOf(job), 1);
        job.refuse(busy(`none was free within ${this.#maxWait} s`));
      }, this.#maxWait * 1000);
      const job: Job = {
        run: async (helper) => {
          clearTimeout(timer);
          try {
            // Each kind of question has one kind of answer, which the table of answers states.
            resolve((await helper.ask(question, this.#timeout)) as Answers[Q['kind']]);
          } catch (error) {
            reject(this.#closed ? closed() : asFailure(error));
          }
        },
        refuse: (failure) => {
          clearTimeout(timer);
          wipe(question);
          reject(failure);
        },
      };
      queue.push(job);
      this.#next();
    });
  }

  /** Answers all who wait, and ends all helpers: a call under way has `seconds` until it is killed. */
  async close(seconds = 2): Promise<void> {
    this.#closed = true;
    for (const job of [...this.#waitingLookups.splice(0), ...this.#waiting.splice(0)]) job.refuse(closed());
    await Promise.all([...this.#helpers].map((helper) => helper.end(seconds)));
    this.#helpers.clear();
  }

  #next(): void {
    while (this.#waiting.length + this.#waitingLookups.length > 0) {
      const helper = this.#free();
      const job = helper && (this.#waitingLookups.shift() ?? this.#waiting.shift());
      if (!job) return;
      void job.run(helper).then(() => this.#release(helper));
    }
  }

  #free(): HelperProcess | null {
    for (let idle = this.#idle.pop(); idle; idle = this.#idle.pop()) {
      if (idle.usable) return idle;
      this.#helpers.delete(idle);
    }
    if (this.#closed || this.#helpers.size >= this.#most) return null;
    const helper = new HelperProcess();
    this.#helpers.add(helper);
    return helper;
  }

  #release(helper: HelperProcess): void {
    if (helper.usable && helper.asked < callsPerProcess && !this.#closed) this.#idle.push(helper);
    else {
      this.#helpers.delete(helper);
      void helper.end(1);
    }
    this.#next();
  }
}

function busy(why: string): HelperFailure {
  return helperFailure('busy', `All helper processes are at work, and ${why}.`);
}

function closed(): HelperFailure {
  return helperFailure('closed', 'The helper processes were stopped.');
}

function asFailure(error: unknown): HelperFailure {
  return isHelperFailure(error) ? error : helperFailure('died', 'The helper process failed.', error);
}
