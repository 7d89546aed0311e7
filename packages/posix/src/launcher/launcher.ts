import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { endUnseen } from '../end-unseen.ts';
import { type GatedProcess, type LaunchOptions, launchGated } from '../launch.ts';
import { launchError } from '../launch-error.ts';
import type { ProcessExit } from '../process-exit.ts';
import type { LauncherMessage, LauncherRequest, Refusal } from './messages.ts';

const program = fileURLToPath(
  new URL(
    import.meta.url.endsWith('.ts') ? './launcher-process.ts' : './launcher-process.js',
    import.meta.url,
  ),
);

/** Launches processes by a small process of its own, so that starting one does not hold up the whole program. */
export interface Launcher {
  /** As {@link launchGated}; what has a session has a process of its own already. */
  launch(options: LaunchOptions): Promise<GatedProcess>;
  /** Ends the launcher: closed gates stay closed, what runs goes on, and nobody is told how it ends. */
  close(): void;
}

/** Makes a launcher; its process is started by the first launch, and again should it have died. */
export function createLauncher(): Launcher {
  let current: LauncherProcess | null = null;
  let closed = false;
  return {
    async launch(options) {
      if (options.session || closed) return await launchGated(options);
      if (!current?.usable) current = new LauncherProcess();
      return await current.launch(options);
    },
    close() {
      closed = true;
      current?.end();
    },
  };
}

type Answer = Exclude<LauncherMessage, { kind: 'exited' }>;

class LauncherProcess {
  readonly #child: ChildProcess;
  readonly #gone: Promise<void>;
  readonly #waiting = new Map<number, PromiseWithResolvers<Answer>>();
  readonly #exits = new Map<number, (exit: ProcessExit) => void>();
  #last = 0;
  usable = true;

  constructor() {
    // Nothing of the environment, which holds secrets; each launch brings its own.
    const env = process.env.PATH === undefined ? {} : { PATH: process.env.PATH };
    this.#child = spawn(process.execPath, [program], {
      env,
      // A session of its own: Ctrl-C is meant for others.
      detached: true,
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#gone = new Promise((resolve) => {
      const ended = () => {
        this.usable = false;
        for (const [id, { resolve: answer }] of this.#waiting) answer(died(id));
        this.#waiting.clear();
        resolve();
      };
      this.#child.once('exit', ended);
      this.#child.once('error', ended);
    });
    this.#child.on('message', (message: LauncherMessage) => {
      if (message.kind === 'exited') this.#exits.get(message.id)?.(message.exit);
      else this.#waiting.get(message.id)?.resolve(message);
    });
    this.#holdLoop();
  }

  end(): void {
    this.usable = false;
    if (this.#child.connected) this.#child.disconnect();
  }

  async launch({ session: _session, signal: _signal, ...options }: LaunchOptions): Promise<GatedProcess> {
    const id = ++this.#last;
    const told = Promise.withResolvers<ProcessExit>();
    this.#exits.set(id, told.resolve);
    try {
      const answer = await this.#ask({ kind: 'launch', id, options });
      if (answer.kind === 'launched') return this.#gated(id, answer, told.promise);
      throw answer.kind === 'refused'
        ? errorOf(answer.refusal)
        : new Error(`an answer to nothing: ${answer.kind}`);
    } catch (error) {
      this.#exits.delete(id);
      throw error;
    }
  }

  #gated(
    id: number,
    { identity, cwd }: Extract<Answer, { kind: 'launched' }>,
    told: Promise<ProcessExit>,
  ): GatedProcess {
    let exit: ProcessExit | null = null;
    let opened = false;
    const exited = Promise.race([told, this.#gone.then(() => endUnseen(identity))]).then((how) => {
      exit = how;
      this.#exits.delete(id);
      return how;
    });
    return {
      identity,
      cwd,
      keeper: null,
      get exit() {
        return exit;
      },
      exited,
      open: async () => {
        opened = true;
        await this.#ask({ kind: 'open', id });
      },
      abandon: async () => {
        if (opened) return;
        await this.#ask({ kind: 'abandon', id });
        await exited;
      },
    };
  }

  async #ask(request: LauncherRequest): Promise<Answer> {
    const { id } = request;
    if (!this.#child.connected) return died(id);
    const answer = Promise.withResolvers<Answer>();
    this.#waiting.set(id, answer);
    this.#holdLoop();
    try {
      this.#child.send(request, (error) => {
        if (error) answer.resolve(died(id));
      });
      return await answer.promise;
    } finally {
      this.#waiting.delete(id);
      this.#holdLoop();
    }
  }

  /** An idle launcher keeps nobody's program from ending. */
  #holdLoop(): void {
    for (const one of [this.#child, this.#child.channel]) {
      if (this.#waiting.size > 0) one?.ref();
      else one?.unref();
    }
  }
}

function died(id: number): Answer {
  const message = 'The process that launches others ended in the middle of it.';
  return { kind: 'refused', id, refusal: { message, reason: 'system', path: program, code: null } };
}

function errorOf({ message, reason, path, code }: Refusal): Error {
  const cause = code === null ? undefined : Object.assign(new Error(message), { code });
  return reason === null
    ? Object.assign(new Error(message), { code })
    : launchError(reason, path, message, cause);
}
