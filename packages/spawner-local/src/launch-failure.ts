import { spawnFailure } from '@hub/core/plugin';
import { isLaunchError, type LaunchErrorReason } from '@hub/posix';

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

/** A command that is there and never ran. */
export function neverRan(command: string, log: string): Error {
  const lastLine = log.trimEnd().split('\n').at(-1) ?? '';
  return spawnFailure('command-not-found', `The command ${command} could not be run: ${lastLine}`, {
    hint: 'Can the account run its interpreter, named in the first line of a script? One in /root is for root alone.',
  });
}

const hints: Readonly<Partial<Record<LaunchErrorReason, string>>> = {
  'command-missing': 'Install it, or name another with the option command.',
  'command-not-executable':
    'Install it where the account may run it, or name another with the option command.',
  'folder-missing': 'Make it, or see the options workingDirectory and missingFolder.',
  'folder-denied':
    'Give it to the account it is for, or see the options workingDirectory, missingFolder and logFolder.',
  'session-refused':
    'The log of the system names the module (journalctl, or /var/log/auth.log). The service is that of the option pamService.',
  processes: 'End some of them, or raise the limit: the option pidsLimit, or that of the account.',
  'disk-full': 'Make room, or name another folder with the option logFolder.',
};
