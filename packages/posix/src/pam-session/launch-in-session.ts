import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { endUnseen } from '../end-unseen.ts';
import { openGate, restGate } from '../gate-line.ts';
import { inTurn } from '../in-turn.ts';
import type { GatedProcess, LaunchOptions } from '../launch.ts';
import { launchError } from '../launch-error.ts';
import { withLogFile } from '../log-file.ts';
import type { ProcessExit } from '../process-exit.ts';
import { identify, type ProcessIdentity } from '../process-identity.ts';
import { openingScript, type RunAs, waitingEnvironment } from '../run-as.ts';
import { unlessAborted } from '../unless-aborted.ts';
import { endKeeper } from './end-keeper.ts';
import type { KeeperMessage, KeeperRequest, SessionPlan } from './messages.ts';
import { sessionRefused } from './session-refused.ts';

const program = fileURLToPath(
  new URL(import.meta.url.endsWith('.ts') ? './session-keeper.ts' : './session-keeper.js', import.meta.url),
);

/** It computes nothing to speak of, and there may be thousands: no threads to compute in, none for a debugger. */
const flags = ['--v8-pool-size=0', '--disable-sigusr1'];

/** As `launchGated`, in a PAM session of its own. */
export async function launchInSession(
  options: LaunchOptions,
  as: RunAs,
  session: SessionPlan,
): Promise<GatedProcess> {
  const { logFile, env, signal } = options;
  const request = requestOf(options, as, session);
  signal?.throwIfAborted();
  const child = await inTurn(() =>
    withLogFile(logFile, as, async (log) => {
      const keeper = spawn(process.execPath, [...flags, program], {
        cwd: '/',
        // The marks alone: by them a keeper is found whose session hangs while the hub is restarted.
        env: waitingEnvironment(env),
        detached: true,
        stdio: ['pipe', log, log, 'pipe', 'pipe'],
      });
      await once(keeper, 'spawn');
      return keeper;
    }),
  );
  const talk = new Talk(child, session.patience);
  restGate(talk.gate);
  try {
    talk.say(request);
    const keeper = child.pid === undefined ? null : await identify(child.pid);
    const answer = await unlessAborted(talk.first, signal ?? new AbortController().signal);
    if (answer?.kind !== 'waiting' || !keeper) throw failureOf(answer, request);
    talk.rest();
    return gatedProcess(talk, answer, keeper, { env, umask: as.umask });
  } catch (error) {
    // Whatever is open by then is closed by the keeper itself, once nobody can open the gate.
    await talk.giveUp();
    throw error;
  }
}

function requestOf(
  { command: [command = '', ...args], cwd, env, missingFolder, writableFolder: writable }: LaunchOptions,
  as: RunAs,
  session: SessionPlan,
): KeeperRequest {
  if (as.name === undefined) throw new TypeError('A PAM session needs the name of the account.');
  if (command === '') throw launchError('command-missing', command, 'The command is empty.');
  const look = { as, cwd, writable, missingFolder, command, path: env.PATH };
  return { session, user: as.name, look, args };
}

function failureOf(answer: KeeperMessage | null, { session, user }: KeeperRequest): Error {
  if (answer?.kind === 'refused') return sessionRefused(answer, session.service, user);
  if (answer?.kind === 'failed') return launchError(answer.reason, answer.path, answer.message);
  return launchError('system', program, 'The process that keeps the PAM session ended before it opened one.');
}

/** What is said between this process and a keeper. */
class Talk {
  readonly child: ChildProcess;
  readonly gate: Socket;
  /** The first answer; null when it ended without one. */
  readonly first: Promise<KeeperMessage | null>;
  /** How the command ended; null when the keeper ended without having told. */
  readonly exited: Promise<ProcessExit | null>;
  readonly #answers: Socket;
  readonly #patience: number | undefined;

  constructor(child: ChildProcess, patience: number | undefined) {
    this.child = child;
    this.#patience = patience;
    this.gate = child.stdio[3] as Socket;
    this.#answers = child.stdio[4] as Socket;
    const first = Promise.withResolvers<KeeperMessage | null>();
    const exited = Promise.withResolvers<ProcessExit | null>();
    this.#answers.on('error', () => {}); // told by its close
    createInterface({ input: this.#answers })
      .on('line', (line) => {
        const message: KeeperMessage = JSON.parse(line);
        if (message.kind === 'exited') exited.resolve(message.exit);
        else first.resolve(message);
      })
      .on('close', () => {
        first.resolve(null);
        exited.resolve(null);
      });
    this.first = first.promise;
    this.exited = exited.promise;
  }

  say(request: KeeperRequest): void {
    this.child.stdin?.on('error', () => {}); // it ended at once, which `first` tells
    this.child.stdin?.end(JSON.stringify(request));
  }

  /** Lets this process end before the keeper does. */
  rest(): void {
    this.child.unref();
    this.#answers.unref();
    (this.child.stdin as Socket | null)?.unref();
  }

  /** Closes the gate, and waits until the keeper has closed its session and ended, or makes it. */
  async giveUp(): Promise<void> {
    this.gate.destroy();
    const { pid, exitCode, signalCode } = this.child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    this.child.ref();
    const keeper = await identify(pid);
    if (keeper) await endKeeper(keeper, { patience: this.#patience });
  }
}

function gatedProcess(
  talk: Talk,
  { identity, cwd, env: granted, umask: grantedMask }: Extract<KeeperMessage, { kind: 'waiting' }>,
  keeper: ProcessIdentity,
  { env, umask }: { readonly env: LaunchOptions['env']; readonly umask: number | undefined },
): GatedProcess {
  let exit: ProcessExit | null = null;
  let opened = false;
  const exited = talk.exited.then(async (told) => {
    exit = told ?? (await endUnseen(identity));
    return exit;
  });
  return {
    identity,
    cwd,
    keeper,
    get exit() {
      return exit;
    },
    exited,
    async open() {
      opened = true;
      const mask = umask ?? grantedMask ?? undefined;
      await openGate(talk.gate, openingScript(cwd, { ...granted, ...env }, mask), exited);
    },
    async abandon() {
      if (!opened) await talk.giveUp();
    },
  };
}
