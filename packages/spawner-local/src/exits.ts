import { type Exit, spawnFailure } from '@hub/core/plugin';
import { isLaunchError, type LaunchErrorReason, type ProcessExit } from '@hub/posix';

/** An exit in words for the owner. */
export function describeExit({ code, signal }: ProcessExit): Exit {
  if (!signal) return { code, reason: `The server ended with status ${code}.` };
  const more =
    signal === 'SIGKILL' ? ' The machine may have run out of memory, or the server of what it may use.' : '';
  return { code, signal, reason: `The server was ended by ${signal}.${more}` };
}

/** A process that is gone and was not ours to collect: its status is lost (P306). */
export function goneExit(pid: number | null): Exit {
  return {
    code: 0,
    reason:
      pid === null ? 'No process of the server runs.' : `Process ${pid} is gone; how it ended is not known.`,
  };
}

/**
 * What shells answer with when a file that is there cannot be run: its interpreter is missing or closed to the
 * account, or it is no program.
 */
export function couldNotRun({ code }: ProcessExit): boolean {
  return code === 126 || code === 127;
}

/** The exit of a server before it listened, as the error of its start. */
export function exitedEarly(exit: ProcessExit, command: string, log: string): Error {
  const { reason = '' } = describeExit(exit);
  const lastLine = log.trimEnd().split('\n').at(-1) ?? '';
  if (couldNotRun(exit)) {
    return spawnFailure('command-not-found', `The command ${command} could not be run: ${lastLine}`, {
      hint: 'Can the account run its interpreter, named in the first line of a script? One in /root is for root alone.',
    });
  }
  return spawnFailure('exited', `${reason} It had not listened yet.`, { hint: "See the server's log." });
}

/** What stopped a launch, as the error of its start. */
export function launchFailure(error: unknown): unknown {
  if (!isLaunchError(error)) return error;
  const hint = hints[error.reason];
  const missing = error.reason === 'command-missing' || error.reason === 'command-not-executable';
  return spawnFailure(missing ? 'command-not-found' : 'system', error.message, {
    ...(hint && { hint }),
    cause: error,
  });
}

const hints: Readonly<Partial<Record<LaunchErrorReason, string>>> = {
  'command-missing': 'Install it, or name another with the option command.',
  'command-not-executable':
    'Install it where the account may run it, or name another with the option command.',
  'folder-missing': 'Make it, or see the options workingDirectory and missingFolder.',
  'folder-denied':
    'Give it to the account it is for, or see the options workingDirectory, missingFolder and logFolder.',
  'disk-full': 'Make room, or name another folder with the option logFolder.',
};
