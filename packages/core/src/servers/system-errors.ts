import type { SpawnFailureCause } from '../plugin/index.ts';

/** What the machine's refusal means to the owner of a server. */
export interface SystemTrouble {
  readonly cause: SpawnFailureCause;
  readonly message: string;
  readonly hint: string;
}

const tellAdmin = 'Try again later. If it happens again, tell an administrator.';
const noRoom = { cause: 'system', hint: 'Delete files you do not need, or tell an administrator.' } as const;
const busy = { cause: 'system', hint: tellAdmin } as const;

const troubles: Readonly<Record<string, SystemTrouble>> = {
  ENOSPC: { ...noRoom, message: 'The machine has no space left on a disk the server needs.' },
  EDQUOT: { ...noRoom, message: 'There is no space left in your quota.' },
  EROFS: { ...busy, message: 'A disk the server needs can only be read at the moment.' },
  EAGAIN: { ...busy, message: 'The machine can start no more processes for you at the moment.' },
  ENOMEM: { ...busy, message: 'The machine has no memory left to start a server.' },
  EMFILE: { ...busy, message: 'The hub has too many files open to start a server.' },
  ENFILE: { ...busy, message: 'The machine has too many files open to start a server.' },
  EACCES: { ...busy, message: 'The hub may not use a file or folder the server needs.' },
  EPERM: { ...busy, message: 'The hub is not allowed to start this server.' },
  ECONNREFUSED: { ...busy, message: 'A service that is needed to start servers does not answer.' },
  ENOTFOUND: { ...busy, message: 'A service that is needed to start servers was not found.' },
};

/**
 * The machine's words for an error of the operating system anywhere in a chain of causes; `null` for any other. Their
 * own text stays in the hub's log: it names paths and addresses.
 */
export function systemTrouble(error: unknown): SystemTrouble | null {
  let link: unknown = error;
  for (let depth = 0; link instanceof Error && depth < 5; depth++) {
    const { code, syscall } = link as NodeJS.ErrnoException;
    if (code === 'ENOENT') return missing(syscall ?? '');
    const trouble = typeof code === 'string' ? troubles[code] : undefined;
    if (trouble) return trouble;
    link = link.cause;
  }
  return null;
}

function missing(syscall: string): SystemTrouble {
  // A program that is not there and a working folder that is not there are the same error of `spawn`.
  if (!syscall.startsWith('spawn')) {
    return { ...busy, message: 'A file or folder the server needs is missing, perhaps your home.' };
  }
  return {
    cause: 'command-not-found',
    message: 'The program that runs your server, or the folder it is to run in, was not found.',
    hint: 'Tell an administrator; trying again will not help.',
  };
}
