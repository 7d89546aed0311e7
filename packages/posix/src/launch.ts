import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { findCommand } from './find-command.ts';
import { openGate, restGate } from './gate-line.ts';
import { inTurn } from './in-turn.ts';
import { isLaunchError, launchError } from './launch-error.ts';
import { type LogOwner, withLogFile } from './log-file.ts';
import { lookAs, type MissingFolder } from './look-as.ts';
import { launchInSession } from './pam-session/launch-in-session.ts';
import type { SessionPlan } from './pam-session/messages.ts';
import { exitOfChild, type ProcessExit } from './process-exit.ts';
import { identify, type ProcessIdentity } from './process-identity.ts';
import { gateAs, openingScript, type RunAs, waitingEnvironment, wordsToBecome } from './run-as.ts';
import { isShortage } from './shortage.ts';

/** What to launch and how. */
export interface LaunchOptions {
  /** The command and its arguments. */
  readonly command: readonly string[];
  /** The whole environment: nothing is inherited. Also where the command is looked up (`PATH`). */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Where standard output and error go, see `openLogFile`. Its folder must exist. */
  readonly logFile: string;
  /** Run as this account, which then owns the log file; folder and command are looked up with its eyes. */
  readonly as?: RunAs | undefined;
  /** With `as`: what to do about a folder the account cannot use; `refuse` unless given. */
  readonly missingFolder?: MissingFolder | undefined;
  /** With `as`: the account must be able to write to its folder. */
  readonly writableFolder?: boolean | undefined;
  /** With `as`: opens this PAM session first, by a process that stays the parent of the command and closes it. */
  readonly session?: SessionPlan | undefined;
  /** Gives up waiting for a session to open, and rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** A launched process that waits at the gate: the command does not run before {@link GatedProcess.open}. */
export interface GatedProcess {
  readonly identity: ProcessIdentity;
  /** Where it starts. */
  readonly cwd: string;
  /** Who keeps its PAM session, and ends after it: a process of root's. Null without one. */
  readonly keeper: ProcessIdentity | null;
  /** How it ended, once it has. */
  readonly exit: ProcessExit | null;
  /** Resolves when it ends, as long as this process lives. */
  readonly exited: Promise<ProcessExit>;
  /** Lets the command run. Also resolves when the process is already gone. */
  open(): Promise<void>;
  /** Closes the gate for good and resolves when the waiting process is gone. After `open` it does nothing. */
  abandon(): Promise<void>;
}

/** Waits for a line; when whoever holds the other end dies first, ends without having run anything. */
const gate = 'read -r _ <&3 || exit 125; exec 3<&-; exec "$@"';

/**
 * Launches a command in a session of its own, held at the gate. Should this process die before `open`, the
 * waiting process ends by itself. Throws a launch error, see `isLaunchError`, when the folder or the command is
 * missing; a missing folder would otherwise be reported as a missing command.
 */
export async function launchGated(options: LaunchOptions): Promise<GatedProcess> {
  const { logFile, as, session } = options;
  if (as && session) return await launchInSession(options, as, session);
  const plan = as ? await planAs(options, as) : planAsSelf(options);
  try {
    return await inTurn(() =>
      withLogFile(logFile, ownerOf(as), (log) => {
        const [program = '', ...args] = plan.words;
        const child = spawn(program, args, {
          cwd: plan.spawnIn,
          env: plan.env,
          detached: true,
          stdio: ['ignore', log, log, 'pipe'],
        });
        return gatedProcess(child, plan);
      }),
    );
  } catch (error) {
    if (isLaunchError(error) || isShortage(error)) throw error;
    const text = error instanceof Error ? error.message : String(error);
    throw launchError('system', plan.command, `${plan.command} could not be launched: ${text}`, error);
  }
}

/** How a process is spawned, and what opens its gate. */
interface Plan {
  readonly command: string;
  readonly words: readonly string[];
  readonly spawnIn: string;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly opening: string;
}

function planAsSelf({ command: [name = '', ...args], cwd, env }: LaunchOptions): Plan {
  requireFolder(cwd);
  const command = findCommand(name, { path: env.PATH, cwd });
  const words = ['/bin/sh', '-c', gate, 'hub-gate', command, ...args];
  return { command, words, spawnIn: cwd, env, cwd, opening: '\n' };
}

/** Of what the account could have a hand in, folder, environment and command, root touches nothing. */
async function planAs(options: LaunchOptions, as: RunAs): Promise<Plan> {
  const { env, missingFolder, writableFolder: writable } = options;
  const [name = '', ...args] = options.command;
  if (name === '') throw launchError('command-missing', name, 'The command is empty.');
  const question = { as, cwd: options.cwd, writable, missingFolder, command: name, path: env.PATH };
  const { command, cwd } = await lookAs(question);
  return {
    command,
    words: [...wordsToBecome(as), '/bin/sh', '-c', gateAs, 'hub-gate', command, ...args],
    spawnIn: '/',
    env: waitingEnvironment(env),
    cwd,
    opening: openingScript(cwd, env, as.umask),
  };
}

function ownerOf(as: RunAs | undefined): LogOwner | null {
  return as ? { uid: as.uid, gid: as.gid } : null;
}

function requireFolder(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found?.isDirectory()) throw launchError('folder-missing', path, `The folder ${path} does not exist.`);
}

async function gatedProcess(child: ChildProcess, { cwd, opening }: Plan): Promise<GatedProcess> {
  let exit: ProcessExit | null = null;
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once('exit', (code, signal) => {
      exit = exitOfChild(code, signal);
      resolve(exit);
    });
  });
  await once(child, 'spawn'); // rejects with what the system said
  const line = child.stdio[3] as Socket;
  restGate(line);
  child.unref();
  const identity = child.pid === undefined ? null : await identify(child.pid);
  if (!identity) {
    line.destroy();
    throw launchError('system', '/bin/sh', 'The launched process ended before it could be identified.');
  }

  let opened = false;
  return {
    identity,
    cwd,
    keeper: null,
    get exit() {
      return exit;
    },
    exited,
    async open() {
      opened = true;
      await openGate(line, opening, exited);
    },
    async abandon() {
      if (opened) return;
      // This process must not end while it waits.
      child.ref();
      line.destroy();
      await exited;
    },
  };
}
