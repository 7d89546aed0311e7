import { html, type Routes } from '../http/index.ts';
import { quoteName } from '../kernel/index.ts';
import type { HomePage } from '../plugin/index.ts';
import { isServerName, type ServerRecord } from '../servers/index.ts';
import type { PageDeps } from './deps.ts';
import { pageContext } from './page-context.ts';
import { pageServer } from './server-view.ts';
import { requireViewer, type Viewer } from './viewer.ts';

/** The person's servers (W10, W124). */
export function homeRoutes(hub: Routes, deps: PageDeps): void {
  hub.route('GET', '/home', {
    summary: 'Home',
    identity: 'user',
    async handle(context) {
      const viewer = requireViewer(context);
      await noticeDeath(viewer, deps);
      const limit = deps.servers.namedAllowed ? await deps.servers.namedLimitOf(viewer) : 0;
      const rows = await deps.servers.ofUser(viewer);
      const page = homePage(viewer, rows, { limit, lost: await deps.servers.unreachable(rows) }, deps);
      return html(await deps.pages.home(await pageContext(context, deps), page));
    },
  });
}

/** A server that died unnoticed is not to be shown as running. */
async function noticeDeath(viewer: Viewer, { servers, log }: PageDeps): Promise<void> {
  const server = await servers.find(viewer, '');
  if (server?.phase !== 'ready') return;
  await servers.pollNow(server).catch((error: unknown) => {
    log.warn({ user: viewer.name, err: error }, 'server could not be looked at');
  });
}

function homePage(
  { name: user }: Viewer,
  rows: readonly ServerRecord[],
  { limit, lost }: { readonly limit: number; readonly lost: ReadonlySet<number> },
  deps: PageDeps,
): HomePage {
  const { servers, places } = deps;
  const view = (server: string, row: ServerRecord | null) =>
    pageServer(deps, { user, server }, row, row !== null && lost.has(row.id));
  const named = rows.filter(({ name }) => name !== '');
  return {
    defaultServer: view('', rows.find(({ name }) => name === '') ?? null),
    named: servers.namedAllowed
      ? {
          servers: named.map((row) => view(row.name, row)),
          limit: limit || null,
          invalidNames: named.map(({ name }) => name).filter((name) => !isServerName(name)),
          apiUrl: `${places.hubPrefix}api/users/${quoteName(user)}/servers`,
        }
      : null,
    shared: [],
  };
}
