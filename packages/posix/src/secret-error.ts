const mark = Symbol.for('@hub/posix:SecretError');

/** A secret cannot be used. Neither message nor hint holds anything of it. */
export interface SecretError extends Error {
  /** What puts it right: a command, where one can. */
  readonly hint: string;
}

/** Is this a {@link SecretError}, whichever copy of the package made it? */
export function isSecretError(error: unknown): error is SecretError {
  return typeof error === 'object' && error !== null && mark in error;
}

export function secretError(message: string, hint: string, cause?: unknown): SecretError {
  const error = new Error(message, cause === undefined ? undefined : { cause });
  return Object.assign(error, { name: 'SecretError', hint, [mark]: true });
}
