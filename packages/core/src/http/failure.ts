import { isHubError, type Logger } from '../plugin/index.ts';
import { scrubUrl } from './access-log.ts';
import { type Answer, bytes, html, json } from './answer.ts';
import { callerName } from './caller.ts';
import type { Context } from './context.ts';
import { errorAnswer, errorBody, type PageError, pageError } from './errors.ts';
import type { RequestState } from './request-state.ts';

/** Draws an error as HTML. */
export type RenderError = (error: PageError, context: Context) => Promise<string> | string;

/**
 * The answer to a request that failed: JSON for the API (R15), a page else (W111), plain text where no page can
 * be drawn. Logs what is our fault, here and nowhere else.
 */
export async function failure(
  error: unknown,
  state: RequestState,
  context: () => Context,
  { log, renderError }: { readonly log: Logger; readonly renderError?: RenderError | undefined },
): Promise<Answer> {
  const found = errorAnswer(error);
  const { status, headers } = found;
  if (found.unexpected) {
    const user = callerName(state.caller);
    log.error({ err: error, method: state.method, url: scrubUrl(state.url), user }, 'request failed');
  } else if (status === 503 && isHubError(error)) {
    // The access line tells that, and not why.
    log.warn({ reason: error.message, method: state.method, url: scrubUrl(state.url) }, 'request refused');
  }
  if (state.surface === 'api') return json(errorBody(found), status, headers);

  const page = pageError(found);
  const plain = bytes(
    'text/plain; charset=utf-8',
    `${status} : ${page.message ?? page.reason}\n`,
    status,
    headers,
  );
  if (!renderError) return plain;
  try {
    return html(await renderError(page, context()), status, { headers });
  } catch (err) {
    log.error({ err, status }, 'error page failed');
    return plain;
  }
}
