/** Signals the command answers to. */
export type Signal = 'SIGINT' | 'SIGTERM' | 'SIGUSR1';

/** What the command has of the process around it. */
export interface Io {
  /** Folder that relative paths on the command line start from. */
  readonly cwd: string;
  /** Writes to standard output: results, and lines for people about a hub that runs. */
  readonly out: (text: string) => void;
  /** Writes to standard error: log lines, and why a command failed. */
  readonly err: (text: string) => void;
  readonly errIsTerminal: boolean;
  /** Name of the account on this machine. */
  readonly login: () => string;
  /** Calls `listener` at each such signal until the returned function is called. */
  readonly onSignal: (signal: Signal, listener: () => void) => () => void;
  /** Ends the process at once. */
  readonly exit: (code: number) => void;
}
