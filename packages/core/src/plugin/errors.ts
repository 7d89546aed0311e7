/** Every code a {@link HubError} may carry, with the HTTP status it becomes where it reaches a client. */
export const errorCodes = {
  HUB_BAD_REQUEST: 400,
  HUB_FORBIDDEN: 403,
  HUB_NOT_FOUND: 404,
  HUB_METHOD_NOT_ALLOWED: 405,
  HUB_CONFLICT: 409,
  HUB_TOO_LARGE: 413,
  HUB_URI_TOO_LONG: 414,
  HUB_UNPROCESSABLE: 422,
  HUB_TOO_MANY: 429,
  HUB_INTERNAL: 500,
  HUB_UNAVAILABLE: 503,
  /** The configuration has mistakes; `problems` lists all of them. */
  HUB_CONFIG_INVALID: 500,
  /** A part cannot start: port taken, folder unreadable, another hub of the same name. */
  HUB_START_FAILED: 500,
  /** The database cannot be reached or does not answer; nothing was acknowledged. */
  HUB_DATABASE_UNAVAILABLE: 503,
  HUB_DATABASE: 500,
  /** The row changed hands meanwhile: another request or hub was first. */
  HUB_CONFLICTING_CHANGE: 409,
  HUB_PROXY_UNAVAILABLE: 503,
  HUB_SPAWN_FAILED: 500,
  HUB_SPAWN_TIMEOUT: 500,
  HUB_SPAWN_REFUSED: 400,
  HUB_SPAWN_CANCELLED: 500,
  HUB_PLUGIN_FAILED: 500,
} as const;

/** A code of the catalogue. */
export type HubErrorCode = keyof typeof errorCodes;

/** What a {@link HubError} may carry besides code and message. */
export interface HubErrorDetails {
  readonly cause?: unknown;
  /** What the reader can do about it. */
  readonly hint?: string;
  /** HTTP status when it is not the code's usual one (R18: a spawner's refusal has its own). */
  readonly status?: number;
  /** Headers that go with the answer, such as `Retry-After` (W112). */
  readonly headers?: Readonly<Record<string, string>>;
  /** May the message be shown to a signed-in user? Errors below 500 are by default. */
  readonly expose?: boolean;
  /** Several mistakes found at once. */
  readonly problems?: readonly string[];
}

const mark = Symbol.for('@hub/core:HubError');

/**
 * The one error class of the hub. The message names the thing (user, server, plugin, path) and never holds a
 * secret. Recognise it with {@link isHubError}: two copies of the package may be loaded.
 */
export class HubError extends Error {
  readonly [mark] = true;
  readonly code: HubErrorCode;
  readonly status: number;
  readonly hint: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly expose: boolean;
  readonly problems: readonly string[];

  constructor(code: HubErrorCode, message: string, details: HubErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'HubError';
    this.code = code;
    this.status = details.status ?? errorCodes[code];
    this.hint = details.hint;
    this.headers = details.headers ?? {};
    this.expose = details.expose ?? this.status < 500;
    this.problems = details.problems ?? [];
  }
}

/** Is this a {@link HubError}, whichever copy of the package made it? */
export function isHubError(error: unknown): error is HubError {
  return typeof error === 'object' && error !== null && mark in error;
}
