import { type Answer, type Context, type Routes, redirect } from '../http/index.ts';
import { quoteName, serverPrefix } from '../kernel/index.ts';
import { HubError } from '../plugin/index.ts';
import type { PageDeps } from './deps.ts';
import { defaultUrlOf, nextTarget } from './next-target.ts';
import { withNext } from './server-urls.ts';
import { requestView, requireViewer, viewerOf } from './viewer.ts';

/** Addresses that only lead elsewhere: the front door and `user-redirect` (W7, W14). */
export function redirectRoutes(hub: Routes, deps: PageDeps): void {
  hub.route('GET', '/', {
    summary: 'Front door',
    identity: 'anyone',
    async handle(context) {
      const chosen = await defaultUrlOf(context, deps);
      if (chosen !== '') return redirect(chosen);
      if (viewerOf(context)) return redirect(await nextTarget(context, deps));
      return redirect(withNext(`${deps.places.hubPrefix}login`, context.url));
    },
  });
  for (const path of ['/user-redirect', '/user-redirect/*'] as const) {
    hub.route('GET', path, {
      summary: 'The same path in the own server',
      identity: 'user',
      handle: (context) => userRedirect(context, deps),
    });
  }
}

/** W14: one link for everybody leads each to their own server, started if need be. */
async function userRedirect(context: Context, { places, settings }: PageDeps): Promise<Answer> {
  const { baseUrl, hubPrefix } = places;
  const { view: user, name } = requireViewer(context);
  const path = context.path.slice(`${hubPrefix}user-redirect`.length).replace(/^\//, '');
  const chosen = await settings.userRedirect?.(path, requestView(context), user);
  if (chosen) return redirect(chosen);

  const { defaultServerName: server } = settings;
  const query = context.url.slice(context.path.length);
  const spawn = `${hubPrefix}spawn/${quoteName(name)}${server === '' ? '' : `/${quoteName(server)}`}`;
  return redirect(withNext(spawn, `${serverPrefix(baseUrl, name, server)}${path}${query}`));
}

/**
 * Answers what no route knows: addresses outside of `H` lead into it, some get their slash first (W1, W2, W3, W5).
 * `null`: it is not found.
 */
export function otherwise(context: Context, { places }: Pick<PageDeps, 'places'>): Answer | null {
  const { baseUrl, hubPrefix } = places;
  const { path, url, method } = context;
  const query = url.slice(path.length);
  const isRoot = path === baseUrl || `${path}/` === baseUrl;
  if (path.startsWith(hubPrefix) || !(isRoot || path.startsWith(baseUrl))) return null;
  if (method !== 'GET') throw new HubError('HUB_METHOD_NOT_ALLOWED', '');
  if (`${path}/` === hubPrefix) return redirect(`${hubPrefix}${query}`, 301);
  const inside = path.slice(baseUrl.length);
  if (/^(?:user|services)\/[^/]+$/.test(inside)) return redirect(`${path}/${query}`, 301);
  return redirect(`${hubPrefix}${inside}${query}`);
}
