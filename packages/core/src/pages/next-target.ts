import { type Context, nextUrl } from '../http/index.ts';
import { serverPrefix } from '../kernel/index.ts';
import type { PageDeps } from './deps.ts';
import { requestView, viewerOf } from './viewer.ts';

/** Who goes on, when that is not the request's caller, and where to unless `next` says otherwise. */
export interface NextOptions {
  readonly viewer?: { readonly id: number; readonly name: string } | null;
  readonly fallback?: string;
  /** `next` and query of the request that began, where another one ends. `next` is validated. */
  readonly from?: { readonly next: string | null; readonly query: URLSearchParams };
}

/** `next` as it came: the last value of form or query. */
export function nextArgument({ form, searchParams }: Pick<Context, 'form' | 'searchParams'>): string | null {
  return form.getAll('next').at(-1) ?? searchParams.getAll('next').at(-1) ?? null;
}

/** `next` where it leads to this hub, else `null` and a line in the log (W22). */
export function safeNextArgument(context: Context, { log }: Pick<PageDeps, 'log'>): string | null {
  const given = nextArgument(context);
  const next = context.safeNext(given);
  if (given && next === null) log.warn({ next: given.slice(0, 200), ip: context.ip }, 'next refused');
  return next;
}

/** Where a page leads when its work is done (W21). */
export async function nextTarget(
  context: Context,
  deps: PageDeps,
  options: NextOptions = {},
): Promise<string> {
  const next = options.from ? options.from.next : safeNextArgument(context, deps);
  if (next !== null) return next;
  const { settings, places } = deps;
  const { viewer = viewerOf(context), fallback = null } = options;
  const defaultUrl = fallback === null ? await defaultUrlOf(context, deps) : '';
  return nextUrl(
    {
      next: null,
      query: withoutOwnArguments(options.from?.query ?? context.searchParams),
      fallback,
      defaultUrl,
      activeServer:
        viewer && fallback === null && defaultUrl === '' ? await activeServer(viewer, deps) : null,
      signedIn: viewer !== null,
      redirectToServer: settings.redirectToServer,
      hubPath: places.hubPrefix,
    },
    { origin: context.origin, subdomainHost: places.subdomainHost },
  );
}

/** The operator's own start page, `''` for none (W7). */
export async function defaultUrlOf(context: Context, { settings }: PageDeps): Promise<string> {
  const { defaultUrl } = settings;
  return typeof defaultUrl === 'string' ? defaultUrl : defaultUrl(requestView(context));
}

async function activeServer(
  viewer: { readonly id: number; readonly name: string },
  { servers, places }: PageDeps,
): Promise<string | null> {
  const server = await servers.find(viewer, '');
  if (!server || server.phase === 'stopped') return null;
  return serverPrefix(places.baseUrl, viewer.name, '');
}

/** Which form was sent is nobody's business after the sign-in. */
function withoutOwnArguments(query: URLSearchParams): URLSearchParams {
  return new URLSearchParams([...query].filter(([name]) => name !== 'authenticator'));
}
