import { DeadlineError, storableText } from '../kernel/index.ts';
import { type Instant, isHubError, isSpawnRefusal, type SpawnFailureCause } from '../plugin/index.ts';
import type { Failure } from './server.ts';
import { systemTrouble } from './system-errors.ts';

interface NamedFailure {
  readonly kind: 'spawn-failure';
  readonly failure: SpawnFailureCause;
  readonly hint: string | null;
  readonly message: string;
}

interface Place {
  readonly attempt: number;
  readonly now: Instant;
  readonly log: string | null;
}

/** An error of a start → what is kept on the row: cause, sentence, remedy. Unknown errors keep their words to the log. */
export function describeFailure(error: unknown, at: Place): Failure {
  const failure = failureOf(error, at);
  // The words of servers are among these: a failure that cannot be stored would keep its row from ever being stopped.
  const storable = (text: string | null) => text && storableText(text);
  return {
    ...failure,
    status: validStatus(failure.status),
    message: storableText(failure.message),
    hint: storable(failure.hint),
    messageHtml: storable(failure.messageHtml),
    log: storable(failure.log),
  };
}

function failureOf(error: unknown, at: Place): Failure {
  const common = {
    attempt: at.attempt,
    at: at.now,
    log: at.log,
    messageHtml: null,
    expected: false,
    status: 500,
  };
  if (isSpawnRefusal(error)) {
    return {
      ...common,
      cause: 'refused',
      message: error.message,
      hint: null,
      messageHtml: error.messageHtml,
      status: error.status,
      ...headersOf(error),
      expected: true,
      reason: error.reason,
    };
  }
  if (isNamed(error)) {
    return {
      ...common,
      cause: error.failure,
      message: error.message,
      hint: error.hint ?? null,
      reason: error.failure,
      // The engine is full, not broken.
      ...(error.failure === 'throttled' && { status: 429, expected: true }),
    };
  }
  if (error instanceof DeadlineError) {
    return {
      ...common,
      cause: 'timeout',
      message: `${error.message}.`,
      hint: 'Try again; if it keeps happening, an administrator can raise the limit.',
      reason: 'timeout',
    };
  }
  if (isHubError(error) && error.expose) {
    return {
      ...common,
      cause: 'refused',
      message: error.message,
      hint: error.hint ?? null,
      status: error.status,
      ...headersOf(error),
      expected: error.status < 500,
      reason: 'error',
    };
  }
  const trouble = systemTrouble(error);
  if (trouble) return { ...common, ...trouble, reason: trouble.cause };
  return {
    ...common,
    cause: 'plugin-error',
    message: 'Something went wrong while the server was started.',
    hint: 'Try again; if it keeps happening, tell an administrator. The log of the hub names the cause.',
    reason: 'error',
  };
}

function headersOf({ headers = {} }: { readonly headers?: Failure['headers'] }): Pick<Failure, 'headers'> {
  return Object.keys(headers).length > 0 ? { headers } : {};
}

/** A plugin's refusal may carry any number. */
function validStatus(status: number): number {
  return Number.isInteger(status) && status >= 400 && status <= 599 ? status : 500;
}

/** What a spawner itself says of why a stop did not succeed; null when it says nothing for people to read. */
export function spawnersWords(
  error: unknown,
): { readonly message: string; readonly hint: string | null } | null {
  if (!isNamed(error)) return null;
  return { message: storableText(error.message), hint: error.hint && storableText(error.hint) };
}

function isNamed(error: unknown): error is NamedFailure {
  return error instanceof Error && (error as { kind?: unknown }).kind === 'spawn-failure';
}
