import { bytes, type Context, html, type PageError, type Routes, statusPhrase } from '../http/index.ts';
import { HubError } from '../plugin/index.ts';
import type { PageDeps } from './deps.ts';
import { cookielessContext, pageContext } from './page-context.ts';

/** An error as a page (W111). */
export async function renderError(error: PageError, context: Context, deps: PageDeps): Promise<string> {
  const { status, reason, message, messageHtml } = error;
  return deps.pages.error(await pageContext(context, deps), {
    status,
    statusText: reason,
    message,
    messageHtml,
    requested: status === 404 ? context.path : null,
    reference: null,
    retryAfter: null,
  });
}

/** Pages the proxy fetches to show them in the place of a server that does not answer (W34). */
export function errorRoutes(hub: Routes, deps: PageDeps): void {
  hub.route('GET', '/error/:code', {
    summary: 'An error page for the proxy',
    identity: 'unasked',
    quiet: true,
    async handle(context) {
      const { code } = context.params;
      if (!/^[45]\d\d$/.test(code)) throw new HubError('HUB_NOT_FOUND', '');
      const status = Number(code);
      const page = {
        status,
        statusText: statusPhrase(status),
        message: null,
        messageHtml: null,
        requested: context.query.url ?? null,
        reference: null,
        retryAfter: null,
      };
      return html(await deps.pages.error(cookielessContext(context, deps), page));
    },
  });
}

/** The bare page of a file that is not to be had (W20). */
export function bareError(status: number) {
  const title = `${status}: ${statusPhrase(status)}`;
  return bytes('text/html; charset=utf-8', `<!doctype html><title>${title}</title><p>${title}</p>\n`, status);
}
