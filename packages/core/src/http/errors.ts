import { STATUS_CODES } from 'node:http';
import { isHubError, isSpawnRefusal } from '../plugin/index.ts';

/** An error as it leaves the hub. */
export interface ErrorAnswer {
  readonly status: number;
  /** For the reader; the standard phrase when there is nothing to tell (R19). */
  readonly message: string;
  /** HTML of a spawner's refusal, for pages. From a spawner: shown after a sanitiser only. */
  readonly messageHtml: string | null;
  /** W112: such as `Retry-After`. */
  readonly headers: Readonly<Record<string, string>>;
  /** What went wrong is our matter: it belongs in the log with its cause. */
  readonly unexpected: boolean;
}

/** The body of an API error (R15): these keys and no others. */
export interface ErrorBody {
  readonly status: number;
  readonly message: string;
}

/** An error as a page shows it (W111). */
export interface PageError {
  readonly status: number;
  /** The standard phrase of the status. */
  readonly reason: string;
  /** `null` when the phrase says all there is to say. */
  readonly message: string | null;
  readonly messageHtml: string | null;
}

/** `Not Found` for 404. */
export function statusPhrase(status: number): string {
  return STATUS_CODES[status] ?? 'Unknown';
}

/**
 * Turns anything thrown into an answer (R15, R18, R19, W111). Only errors made for readers show their words: a
 * {@link HubError} that says so, a spawner's refusal, and a request that does not fit its schema. Anything else is
 * a 500 without a detail.
 */
export function errorAnswer(error: unknown): ErrorAnswer {
  if (isHubError(error)) {
    const status = validStatus(error.status);
    return answer(status, error.expose ? error.message : '', {
      headers: error.headers,
      unexpected: status === 500,
    });
  }
  if (isSpawnRefusal(error)) {
    const { messageHtml, headers = {} } = error;
    return answer(validStatus(error.status), error.message, { messageHtml, headers });
  }
  return frameworkAnswer(error) ?? answer(500, '', { unexpected: true });
}

/** R15. */
export function errorBody({ status, message }: ErrorAnswer): ErrorBody {
  return { status, message };
}

/** W111. */
export function pageError({ status, message, messageHtml }: ErrorAnswer): PageError {
  const reason = statusPhrase(status);
  return { status, reason, message: message === reason ? null : message, messageHtml };
}

/** What Fastify itself refuses. Its words are about its own settings, so only the phrase leaves. */
const frameworkStatus: Readonly<Record<string, number>> = {
  FST_ERR_BAD_URL: 400,
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 400,
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 400, // R22: never 415
  FST_ERR_CTP_BODY_TOO_LARGE: 413,
  FST_ERR_MAX_PARAM_LENGTH: 414,
  FST_ERR_ROUTE_MISSING_CONTENT_TYPE: 405, // only told of QUERY, a method nothing here has (R3)
  FST_REQ_FILE_TOO_LARGE: 413,
  FST_FILES_LIMIT: 413,
  FST_PARTS_LIMIT: 413,
  FST_FIELDS_LIMIT: 413,
  FST_INVALID_MULTIPART_CONTENT_TYPE: 400,
};

function frameworkAnswer(error: unknown): ErrorAnswer | null {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null;
  if (error.code === 'FST_ERR_VALIDATION') return answer(400, error.message);
  const status = frameworkStatus[error.code];
  if (status !== undefined) return answer(status, '');
  // The client went away in the middle of its body.
  return error.code === 'ECONNRESET' || error.code === 'ECONNABORTED' ? answer(400, '') : null;
}

function answer(status: number, message: string, more: Partial<ErrorAnswer> = {}): ErrorAnswer {
  return {
    status,
    message: message || statusPhrase(status),
    messageHtml: null,
    headers: {},
    unexpected: false,
    ...more,
  };
}

/** A plugin's refusal may carry any number. */
function validStatus(status: number): number {
  return Number.isInteger(status) && status >= 400 && status <= 599 ? status : 500;
}
