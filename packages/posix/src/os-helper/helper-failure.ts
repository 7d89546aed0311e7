/** Why a helper process gave no answer. */
export type HelperFailureReason =
  /** All are at work, and too many wait already or for too long. */
  | 'busy'
  /** The call took longer than it may; its process was killed. */
  | 'timeout'
  /** The process died of the call. */
  | 'died'
  /** No helper can be started on this machine, such as for want of a library. */
  | 'unusable'
  /** The call itself failed, such as a name service that does not answer. */
  | 'failed'
  /** The pool was closed. */
  | 'closed';

/** A question to the operating system that got no answer. */
export interface HelperFailure extends Error {
  readonly kind: 'helper-failure';
  readonly reason: HelperFailureReason;
}

/** Makes a {@link HelperFailure}. */
export function helperFailure(reason: HelperFailureReason, message: string, cause?: unknown): HelperFailure {
  const error = new Error(message, cause === undefined ? undefined : { cause });
  return Object.assign(error, { kind: 'helper-failure' as const, reason });
}

/** Is this a {@link HelperFailure}, whichever copy of the package made it? */
export function isHelperFailure(error: unknown): error is HelperFailure {
  return error instanceof Error && (error as { kind?: unknown }).kind === 'helper-failure';
}
