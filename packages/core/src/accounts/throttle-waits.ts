/** When tries must wait, and how long. Times are seconds. */
export interface ThrottleSettings {
  /** Failures with one name before a wait; 0 never waits. */
  readonly accountTries: number;
  /** Failures from one address before a wait; 0 never waits. */
  readonly addressTries: number;
  readonly firstWait: number;
  readonly longestWait: number;
  /** Without a failure for so long, earlier ones do not count. */
  readonly forgetAfter: number;
  /** An account is known where it signed in within so many days. */
  readonly placeDays: number;
  /** Networks (CIDR) that many people share. */
  readonly sharedNetworks: readonly string[];
}

/** The waits one after another: each twice the last one, none longer than the longest. */
export function throttleWaits({
  firstWait,
  longestWait,
}: Pick<ThrottleSettings, 'firstWait' | 'longestWait'>): readonly number[] {
  const waits: number[] = [];
  for (let wait = firstWait; wait < longestWait; wait *= 2) waits.push(wait);
  return [...waits, longestWait];
}

/** Seconds to wait after this many failures, when so many are free; 0 for none, or where none ever waits. */
export function waitAfter(failures: number, free: number, waits: readonly number[]): number {
  if (free === 0 || failures < free) return 0;
  return waits[Math.min(failures - free, waits.length - 1)] ?? 0;
}
