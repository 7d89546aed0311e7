import { constants } from 'node:os';

/** How a process ended. `code` is minus the signal's number when a signal ended it (P304). */
export interface ProcessExit {
  readonly code: number;
  readonly signal?: string | undefined;
  /** What is known besides. */
  readonly reason?: string | undefined;
}

/** As Node tells it of a child. */
export function exitOfChild(code: number | null, signal: NodeJS.Signals | null): ProcessExit {
  return signal ? { code: -constants.signals[signal], signal } : { code: code ?? 0 };
}

/** As a shell tells it: 128 and more mean a signal. */
export function exitOfStatus(status: number): ProcessExit {
  const number = status - 128;
  const [signal] = Object.entries(constants.signals).find(([, value]) => value === number) ?? [];
  return signal ? { code: -number, signal } : { code: status };
}

/** Of a process whose end nobody saw: its status is lost (P306). `null`: there was none. */
export function exitUnseen(pid: number | null): ProcessExit {
  const reason =
    pid === null ? 'No process of the server runs.' : `Process ${pid} is gone; how it ended is not known.`;
  return { code: 0, reason };
}

/**
 * Do shells, `setsid` and the like end with this because a file that is there cannot be run? Its interpreter is
 * missing or closed to the account, or it is no program.
 */
export function couldNotRun({ code }: ProcessExit): boolean {
  return code === 126 || code === 127;
}
