import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { statSync } from 'node:fs';
import type { Socket } from 'node:net';
import { constants } from 'node:os';
import { findCommand } from './find-command.ts';
import { inTurn } from './in-turn.ts';
import { isLaunchError, launchError } from './launch-error.ts';
import { withLogFile } from './log-file.ts';
import { identify, type ProcessIdentity } from './process-identity.ts';

/** Another account to run as. Needs root and `setpriv`; the account's supplementary groups are set up too. */
export interface RunAs {
  readonly uid: number;
  readonly gid: number;
}

/** What to launch and how. */
export interface LaunchOptions {
  /** The command and its arguments. */
  readonly command: readonly string[];
  /** The whole environment: nothing is inherited. Also where the command is looked up (`PATH`). */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Where standard output and error go, see `openLogFile`. Its folder must exist. */
  readonly logFile: string;
  readonly as?: RunAs | undefined;
}

/** How a process ended. `code` is minus the signal's number when a signal ended it (P304). */
export interface ProcessExit {
  readonly code: number;
  readonly signal?: string | undefined;
}

/** A launched process that waits at the gate: the command does not run before {@link GatedProcess.open}. */
export interface GatedProcess {
  readonly identity: ProcessIdentity;
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
  const { cwd, env, logFile } = options;
  requireFolder(cwd);
  const command = resolveCommand(options);
  try {
    return await inTurn(() =>
      withLogFile(logFile, (log) => {
        const child = spawn('/bin/sh', ['-c', gate, 'hub-gate', ...command], {
          cwd,
          env,
          detached: true,
          stdio: ['ignore', log, log, 'pipe'],
        });
        return gatedProcess(child);
      }),
    );
  } catch (error) {
    if (isLaunchError(error)) throw error;
    const text = error instanceof Error ? error.message : String(error);
    throw launchError('system', command[0] ?? '', `${command[0]} could not be launched: ${text}`, error);
  }
}

function resolveCommand({ command, env, cwd, as }: LaunchOptions): readonly string[] {
  const [name = '', ...args] = command;
  const resolved = [findCommand(name, { path: env.PATH, cwd }), ...args];
  if (!as) return resolved;
  // Node's own uid and gid options would leave the account without its supplementary groups.
  const setpriv = findCommand('setpriv', { cwd: '/' });
  return [setpriv, `--reuid=${as.uid}`, `--regid=${as.gid}`, '--init-groups', '--', ...resolved];
}

function requireFolder(path: string): void {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found?.isDirectory()) throw launchError('folder-missing', path, `The folder ${path} does not exist.`);
}

async function gatedProcess(child: ChildProcess): Promise<GatedProcess> {
  let exit: ProcessExit | null = null;
  const exited = new Promise<ProcessExit>((resolve) => {
    child.once('exit', (code, signal) => {
      exit = processExit(code, signal);
      resolve(exit);
    });
  });
  await once(child, 'spawn'); // rejects with what the system said
  const line = child.stdio[3] as Socket;
  // The waiting process may end first; that is told by `exited`.
  line.on('error', () => {});
  line.unref();
  child.unref();
  const identity = child.pid === undefined ? null : await identify(child.pid);
  if (!identity)
    throw launchError('system', '/bin/sh', 'The launched process ended before it could be identified.');

  let opened = false;
  return {
    identity,
    get exit() {
      return exit;
    },
    exited,
    async open() {
      opened = true;
      if (line.destroyed) return;
      const closed = once(line, 'close').catch(() => {});
      line.ref();
      line.end('\n');
      // Nobody writes on the other side, so the line closes as soon as the command has replaced the gate.
      line.resume();
      await closed;
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

function processExit(code: number | null, signal: NodeJS.Signals | null): ProcessExit {
  return signal ? { code: -constants.signals[signal], signal } : { code: code ?? 0 };
}
