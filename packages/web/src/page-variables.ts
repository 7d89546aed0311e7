import type { PageContext, UserView } from '@hub/core/plugin';
import { fill, type SafeHtml, safeHtml, scriptJson, toHtml } from './safe-html.ts';
import type { Texts } from './texts.ts';

/** Settings of the look that reach every page. */
export interface Look {
  readonly texts: Texts;
  readonly language: string;
  readonly brandColor: string;
  readonly footerLinks: readonly { readonly name: string; readonly href: string }[];
  readonly templateVars: Readonly<Record<string, unknown>>;
  /** HTML by page: `login`, `home`, `spawn`, `logout`; `''` is for all pages. */
  readonly announcements: Readonly<Record<string, string>>;
  readonly versionHash: string;
  /** The site brings its own logo, without our name beside it. */
  readonly ownLogo: boolean;
}

/** What one page adds to the common variables. */
export interface PageVariables {
  readonly [name: string]: unknown;
  /** For the page's script, as `jhdata.page`. */
  readonly script_data?: Readonly<Record<string, unknown>>;
}

/** The variables every template finds (W120), the site's own, and those of the page; later ones win. */
export async function pageVariables(
  context: PageContext,
  look: Look,
  page: string,
  own: PageVariables,
): Promise<Record<string, unknown>> {
  const { texts } = look;
  return {
    base_url: context.baseUrl,
    prefix: context.prefix,
    user: userVariables(context.user),
    login_url: context.loginUrl,
    logout_url: context.logoutUrl,
    login_service: '',
    logo_url: `${context.baseUrl}logo`,
    own_logo: look.ownLogo,
    static_url: (path: string) => context.staticUrl(path),
    version_hash: look.versionHash,
    services: context.services,
    navigation: context.navigation,
    parsed_scopes: context.scopes,
    expanded_scopes: context.expandedScopes,
    xsrf: context.xsrfToken,
    xsrf_token: context.xsrfToken,
    csp_nonce: context.cspNonce,
    admin_access: context.adminAccess,
    no_spawner_check: false,
    auth_state: context.authState,
    server_version: context.version,
    ...(await siteVariables(look.templateVars, context.user)),
    announcement: announcement(context, look, page),
    t: texts,
    lang: look.language,
    page_name: page,
    brand_style: look.brandColor && safeHtml(`:root { --brand: ${look.brandColor}; }`),
    footer_links: look.footerLinks,
    icon: (name: string) => icon(context, name),
    time: (instant: string | null, style: TimeStyle = 'relative') => time(instant, style, look.language),
    ...own,
    jhdata: scriptJson({
      base_url: context.baseUrl,
      prefix: context.prefix,
      user: context.user?.name ?? null,
      admin_access: context.adminAccess,
      xsrf_token: context.xsrfToken,
      language: look.language,
      icons_url: context.staticUrl('icons.svg'),
      texts: texts.browser,
      page: own.script_data ?? {},
    }),
  };
}

function userVariables(user: UserView | null): object | null {
  if (!user) return null;
  const { id, name, admin, groups, created } = user;
  return { id, name, admin, groups, created, escaped_name: user.escapedName };
}

/** Functions among the site's variables are called with the viewer, null when nobody is signed in (W119). */
async function siteVariables(
  variables: Readonly<Record<string, unknown>>,
  user: UserView | null,
): Promise<Record<string, unknown>> {
  const found = Object.entries(variables).map(async ([name, value]) => [
    name,
    typeof value === 'function' ? await value(user) : value,
  ]);
  return Object.fromEntries(await Promise.all(found));
}

function announcement(context: PageContext, look: Look, page: string): SafeHtml | null {
  const html = context.announcementHtml || look.announcements[page] || look.announcements[''];
  return html ? safeHtml(html) : null;
}

function icon(context: PageContext, name: string): SafeHtml {
  const href = `${context.staticUrl('icons.svg')}#${name}`;
  return safeHtml(`<svg class="icon" aria-hidden="true"><use href="${toHtml(href)}"></use></svg>`);
}

/** `relative`: "3 minutes ago"; `date`: the day; `clock`: time of day with seconds. */
export type TimeStyle = 'relative' | 'date' | 'clock';

/** A time in words for those without scripts, in UTC; the browser replaces it by its own time zone and language. */
function time(instant: string | null, style: TimeStyle, language: string): SafeHtml {
  if (!instant) return safeHtml('');
  const date = new Date(instant);
  if (Number.isNaN(date.valueOf())) return safeHtml('');
  const words = new Intl.DateTimeFormat(language, { ...formats[style], timeZone: 'UTC' }).format(date);
  return fill('{open}{words}{close}', {
    open: safeHtml(`<time datetime="${toHtml(date.toISOString())}" data-time="${toHtml(style)}">`),
    words,
    close: safeHtml('</time>'),
  });
}

const formats: Record<TimeStyle, Intl.DateTimeFormatOptions> = {
  relative: { dateStyle: 'medium', timeStyle: 'short' },
  date: { dateStyle: 'medium' },
  clock: { timeStyle: 'medium', hourCycle: 'h23' },
};
