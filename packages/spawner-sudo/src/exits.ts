import { constants } from 'node:os';
import { type Exit, spawnFailure } from '@hub/core/plugin';

/** What the keeper of a server tells: a shell's status, where 128 and more mean a signal. */
export function exitOf(status: number): Exit {
  if (status <= 128) return { code: status, reason: `The server ended with status ${status}.` };
  const number = status - 128;
  const signal = Object.entries(constants.signals).find(([, value]) => value === number)?.[0];
  const more = signal === 'SIGKILL' ? ' The machine may have run out of memory.' : '';
  return { code: -number, signal, reason: `The server was ended by ${signal ?? `signal ${number}`}.${more}` };
}

/** A server whose end nobody told: its status is lost. */
export function goneExit(pid: number | null): Exit {
  if (pid === null) return { code: 0, reason: 'No process of the server runs.' };
  return { code: 0, reason: `Process ${pid} is gone; how it ended is not known.` };
}

/** The end of a server before it listened, as the error of its start. */
export function exitedEarly(exit: Exit, log: string): Error {
  const lastLine = log.trimEnd().split('\n').at(-1) ?? '';
  // What shells and setsid answer with when a file that is there cannot be run.
  if (exit.code === 126 || exit.code === 127)
    return spawnFailure('command-not-found', `The single-user server could not be run: ${lastLine}`);
  return spawnFailure('exited', `${exit.reason} It had not listened yet.`, { hint: "See the server's log." });
}
