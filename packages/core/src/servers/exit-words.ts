import { constants } from 'node:os';
import { type Exit, spawnFailure } from '../plugin/index.ts';

/** An exit during start, as the failure its owner reads (P224). */
export function exitedFailure(exit: Exit): Error {
  const signal = signalOf(exit);
  const { said, hint } = signal === null ? statusWords(exit.code) : signalWords(signal);
  // What the engine says of it need not be said twice.
  const known = exit.reason?.includes(exit.signal ?? `${exit.code}`) ?? false;
  const how = known ? 'ended before it was ready.' : `${said} before it was ready.`;
  return spawnFailure('exited', ['The server', how, exit.reason ?? ''].join(' ').trimEnd(), { hint });
}

/** Containers and shells tell a signal as 128 + its number. */
function signalOf({ code, signal }: Exit): string | null {
  if (signal) return signal;
  const names = Object.entries(constants.signals);
  return names.find(([, number]) => code === 128 + number)?.[0] ?? null;
}

interface Words {
  readonly said: string;
  readonly hint: string;
}

const seeLog = 'The end of its log says why.';

function signalWords(signal: string): Words {
  switch (signal) {
    case 'SIGKILL':
      return {
        said: 'was killed (SIGKILL), most likely because it needed more memory than it may have,',
        hint: 'Choose a larger size, or load less when it starts.',
      };
    case 'SIGTERM':
    case 'SIGINT':
    case 'SIGHUP':
      return {
        said: `was ended from outside (${signal})`,
        hint: 'Try again; the machine may have been shut down, or somebody stopped it.',
      };
    case 'SIGSEGV':
    case 'SIGABRT':
    case 'SIGBUS':
    case 'SIGILL':
      return { said: `crashed (${signal})`, hint: seeLog };
    case 'SIGXCPU':
      return { said: 'used up the time it may compute (SIGXCPU)', hint: seeLog };
    default:
      return { said: `was ended by ${signal}`, hint: seeLog };
  }
}

function statusWords(code: number): Words {
  if (code === 0) {
    return {
      said: 'ended by itself, without an error (exit code 0),',
      hint: 'Its command may start something in the background, or is not a server. Its log may say more.',
    };
  }
  if (code === 126 || code === 127) {
    return {
      said: `ended because its program could not be run (exit code ${code})`,
      hint: 'Tell an administrator; trying again will not help.',
    };
  }
  return { said: `ended with exit code ${code}`, hint: seeLog };
}
