import { type Answer, type Context, html } from '../http/index.ts';
import type { OAuthPage } from '../plugin/index.ts';
import type { PageDeps } from './deps.ts';
import { targetsOf } from './form-targets.ts';
import { pageContext } from './page-context.ts';

/** Asks the viewer to agree to what a server or service wants (W73). Its form may lead to the redirect's origin. */
export async function showConsent(context: Context, page: OAuthPage, deps: PageDeps): Promise<Answer> {
  const text = await deps.pages.oauth(await pageContext(context, deps), page);
  return html(text, 200, { formTargets: targetsOf(page.redirectUri) });
}
