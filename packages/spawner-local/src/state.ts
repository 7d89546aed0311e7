/** What the hub stores about a running server, enough for any hub of this machine to find it again. */
export type LocalState = {
  readonly pid: number;
  readonly startTime: string;
  readonly bootId: string;
  readonly ip: string;
  readonly port: number;
  readonly logFile: string;
  /** The account it runs as; missing when it is the hub's. */
  readonly uid?: number;
  /** Who keeps its PAM session; missing without one. */
  readonly keeper?: { readonly pid: number; readonly startTime: string; readonly bootId: string };
};
