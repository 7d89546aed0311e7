import { allows } from '../access/index.ts';
import type { Context } from '../http/index.ts';
import type { PageContext, PageLink } from '../plugin/index.ts';
import type { PageDeps } from './deps.ts';
import { type Viewer, viewerOf } from './viewer.ts';

/** What every page gets (W120). Gives the browser its XSRF token, where it lacks one. */
export async function pageContext(context: Context, deps: PageDeps): Promise<PageContext> {
  return contextWith(context, deps, context.xsrfToken());
}

/** The same for pages that reach their reader through the proxy, without cookies (W34). */
export function cookielessContext(context: Context, deps: PageDeps): PageContext {
  return contextWith(context, deps, '');
}

function contextWith(context: Context, deps: PageDeps, xsrfToken: string): PageContext {
  const { baseUrl, hubPrefix } = deps.places;
  const viewer = viewerOf(context);
  const scopes = viewer?.scopes.toStrings() ?? [];
  return {
    baseUrl: hubPrefix,
    prefix: baseUrl,
    user: viewer?.view ?? null,
    loginUrl: `${hubPrefix}login`,
    logoutUrl: `${hubPrefix}logout`,
    staticUrl: (path) => `${hubPrefix}static/${path}?v=${deps.pages.assets.hash}`,
    xsrfToken,
    cspNonce: context.nonce,
    services: viewer ? openServices(viewer, deps) : [],
    navigation: [],
    adminAccess: false,
    announcementHtml: null,
    scopes,
    expandedScopes: scopes,
    version: deps.version,
    authState: null,
  };
}

/** W100: those the viewer may open. */
function openServices({ scopes }: Viewer, { services }: PageDeps): readonly PageLink[] {
  const listed = services?.() ?? [];
  return listed.filter(({ name }) => allows(scopes, 'access:services', { kind: 'service', service: name }));
}
