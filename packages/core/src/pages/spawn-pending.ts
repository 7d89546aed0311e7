import { type Answer, anyOf, type Context, html, type Routes, redirect } from '../http/index.ts';
import { HubError } from '../plugin/index.ts';
import type { PageDeps } from './deps.ts';
import { hasFailed } from './failed-server.ts';
import { failurePage, readsLog, storyOf } from './failure-view.ts';
import { nextTarget, safeNextArgument } from './next-target.ts';
import { pageContext } from './page-context.ts';
import { type ServerName, serverUrls, withNext } from './server-urls.ts';
import { pageServer } from './server-view.ts';
import { namesOf, requireUser, scopeTarget } from './spawn-target.ts';

/** Follows a start, and never begins one (W12, W33). */
export function spawnPendingRoutes(hub: Routes, deps: PageDeps): void {
  for (const path of ['/spawn-pending/:name', '/spawn-pending/:name/:server'] as const) {
    hub.route('GET', path, {
      summary: 'Follow a start',
      scope: anyOf('servers'),
      on: scopeTarget,
      handle: (context) => follow(context, namesOf(context), deps),
    });
  }
}

async function follow(context: Context, name: ServerName, deps: PageDeps): Promise<Answer> {
  const { pages, servers, places } = deps;
  const owner = await requireUser(name.user, deps.users);
  const row = await servers.find(owner, name.server);
  if (!row && name.server !== '') {
    throw new HubError('HUB_NOT_FOUND', `${name.user} has no such server ${name.server}`);
  }
  const urls = serverUrls(places, name);
  if (row?.phase === 'ready') return redirect(await nextTarget(context, deps, { fallback: urls.open }));

  const next = safeNextArgument(context, deps);
  if (row?.phase === 'stopped' && hasFailed(row)) return failurePage(context, deps, row, { next });
  const common = await pageContext(context, deps);
  const lost = row !== null && (await servers.unreachable([row])).has(row.id);
  const server = pageServer(deps, name, row, lost);
  if (row?.phase === 'stopping') {
    const startFailed = hasFailed(row) && row.failure.cause !== 'stop-failed';
    const events = startFailed ? await storyOf(row, deps) : [];
    return html(await pages.stopPending(common, { server, events }));
  }
  if (row && row.phase !== 'stopped') {
    const queue = await servers.queuePosition(row);
    const logUrl = servers.hasLog(row) && (await readsLog(context, name, deps)) ? `${urls.api}/log` : null;
    const progressUrl = `${urls.api}/progress`;
    const events = await servers.story(row);
    return html(await pages.spawnPending(common, { server, progressUrl, queue, logUrl, events }));
  }
  return html(
    await pages.notRunning(common, {
      server,
      startUrl: withNext(urls.spawn, next),
      wanted: null,
      implicitStartSeconds: 0,
      failure: null,
    }),
  );
}
