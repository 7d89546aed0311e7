/** Why a process could not be launched. */
export type LaunchErrorReason =
  | 'command-missing'
  | 'command-not-executable'
  | 'folder-missing'
  /** It is there, and the account may not use it, or others may. */
  | 'folder-denied'
  /** There is no room for the log. */
  | 'disk-full'
  /** The account may have no more of them. */
  | 'processes'
  /** PAM opened no session. */
  | 'session-refused'
  | 'system';

/** A launch that failed before anything ran; `path` is what is wrong. */
export interface LaunchError extends Error {
  readonly kind: 'launch-error';
  readonly reason: LaunchErrorReason;
  readonly path: string;
}

/** Makes a {@link LaunchError}. */
export function launchError(
  reason: LaunchErrorReason,
  path: string,
  message: string,
  cause?: unknown,
): LaunchError {
  const error = new Error(message, cause === undefined ? undefined : { cause });
  return Object.assign(error, { kind: 'launch-error' as const, reason, path });
}

/** Is this a {@link LaunchError}, whichever copy of the package made it? */
export function isLaunchError(error: unknown): error is LaunchError {
  return error instanceof Error && (error as { kind?: unknown }).kind === 'launch-error';
}
