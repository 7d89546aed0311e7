import { type Answer, type Context, redirect } from '../http/index.ts';
import { HubError } from '../plugin/index.ts';
import type { ServerRecord } from '../servers/index.ts';
import type { PageDeps } from './deps.ts';

const longestWait = 10;

/**
 * The server is ready, and the proxy sends its visitors here all the same: back to it, slower each time, until a
 * loop is certain (W37).
 */
export async function lateRoute(
  context: Context,
  { peerVersion }: ServerRecord,
  rest: string,
  { clock, settings, places, compatibleVersion }: PageDeps,
): Promise<Answer> {
  const given = context.searchParams.getAll('redirects').at(-1);
  const redirects = given !== undefined && /^\d{1,9}$/.test(given) ? Number(given) : 0;
  const differs = peerVersion !== null && peerVersion !== compatibleVersion;
  if (redirects >= settings.redirectLimit || (redirects >= 2 && differs)) {
    const hint = differs
      ? ` The server's JupyterHub is version ${peerVersion}, this hub keeps to ${compatibleVersion}.`
      : '';
    throw new HubError('HUB_INTERNAL', `Redirect loop detected.${hint}`, { expose: true });
  }
  if (redirects > 0) {
    await clock.sleep(Math.min(2 ** redirects, longestWait) * 1000, context.signal);
  }
  const query = new URLSearchParams(context.searchParams);
  if (redirects > 0) query.set('redirects', String(redirects + 1));
  else query.append('redirects', '1');
  return redirect(`${places.baseUrl}user/${rest}?${query}`);
}
