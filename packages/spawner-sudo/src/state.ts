/** What the hub stores about a running server, enough for any hub of this machine to find it again. */
export type SudoState = {
  readonly pid: number;
  /** `''` where `/proc` shows other users' processes to nobody. */
  readonly startTime: string;
  readonly bootId: string;
  /** Its process group. */
  readonly group: number;
  /** The account it runs under, by which alone it can be signalled. */
  readonly account: string;
  readonly uid: number;
  readonly ip: string;
  readonly port: number;
  readonly logFile: string;
};
