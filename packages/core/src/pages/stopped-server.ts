import { allows } from '../access/index.ts';
import {
  type Answer,
  type Context,
  html,
  json,
  type Method,
  type Routes,
  redirect,
  scopesOf,
} from '../http/index.ts';
import { HubError } from '../plugin/index.ts';
import type { ServerRecord } from '../servers/index.ts';
import type { PageDeps } from './deps.ts';
import { hasFailed } from './failed-server.ts';
import { lateRoute } from './late-route.ts';
import { pageContext } from './page-context.ts';
import { prefersJson } from './prefers-json.ts';
import { type ServerName, serverUrls, withNext } from './server-urls.ts';
import { pageServer } from './server-view.ts';

/** A request that was meant for a server and reached the hub instead. */
interface Astray {
  /** Behind `{H}user/`, as sent. */
  readonly rest: string;
  readonly segments: readonly string[];
  readonly isApi: boolean;
}

/** Section 1.6: requests for servers that are stopped, or whose route is late. */
export function stoppedServerRoutes(hub: Routes, deps: PageDeps): void {
  const common = { tokens: true, activity: false, summary: 'A server that is not there' } as const;
  hub.route('GET', '/user/*', {
    ...common,
    identity: 'any',
    handle: (context) => answerGet(context, deps),
  });
  // JupyterLab shows its restart dialog for 424 alone, whatever it was about to do (W40).
  const others: readonly Method[] = ['HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];
  hub.route(others, '/user/*', {
    ...common,
    identity: 'anyone',
    reads: 'bytes',
    xsrf: 'deferred',
    handle: (context) => answerOther(context, deps),
  });
}

async function answerGet(context: Context, deps: PageDeps): Promise<Answer> {
  const astray = readPath(context, deps);
  const [user = '', first = ''] = astray.segments;
  // The same for a user who does not exist, so that nobody learns who does (W35).
  const owner = (await mayOpen(context, user, first, deps)) ? await deps.users.get(user) : null;
  if (!owner) throw new HubError('HUB_NOT_FOUND', 'No access to resources or resources not found');

  const { name, row } = await serverOf(owner, first, deps);
  if (row?.phase === 'ready') return lateRoute(context, row, astray.rest, deps);
  if (astray.isApi || prefersJson(context.headers.accept)) return notRunningJson(context, astray, name, deps);
  const urls = serverUrls(deps.places, name);
  if (row && (row.phase !== 'stopped' || hasFailed(row))) {
    return redirect(withNext(urls.pending, context.url), 303);
  }
  const page = {
    server: pageServer(deps, name, row),
    startUrl: withNext(urls.spawn, context.url),
    wanted: wantedPath(astray, name),
    implicitStartSeconds: deps.settings.implicitStartSeconds,
    failure: null,
  };
  return html(
    await deps.pages.notRunning(await pageContext(context, deps), page),
    deps.settings.stoppedStatus,
  );
}

async function answerOther(context: Context, deps: PageDeps): Promise<Answer> {
  const astray = readPath(context, deps);
  if (!astray.isApi) {
    context.checkXsrf();
    if (['HEAD', 'PUT', 'OPTIONS'].includes(context.method)) throw new HubError('HUB_METHOD_NOT_ALLOWED', '');
  }
  const [user = '', first = ''] = astray.segments;
  // Which servers somebody has is told only to those who may open them.
  const owner = (await mayOpen(context, user, first, deps)) ? await deps.users.get(user) : null;
  const name = owner ? (await serverOf(owner, first, deps)).name : { user, server: '' };
  return notRunningJson(context, astray, name, deps);
}

function readPath(context: Context, { places }: PageDeps): Astray {
  const rest = context.path.slice(`${places.hubPrefix}user/`.length);
  const segments = rest.split('/').map(decodeURIComponent); // the router refused what cannot be decoded
  return { rest, segments, isApi: segments.slice(1).includes('api') };
}

/** W35: the default server's scope, or that of the server the path may mean. */
async function mayOpen(
  { caller }: Context,
  user: string,
  first: string,
  { memberships }: PageDeps,
): Promise<boolean> {
  const scopes = scopesOf(caller);
  if (user === '' || !scopes.holds('access:servers')) return false;
  const groups = await memberships.groupsOf(user);
  return ['', first].some((server) =>
    allows(scopes, 'access:servers', { kind: 'server', user, server, groups }),
  );
}

/** W36: a named server where the user has one of that name, else the default one. */
async function serverOf(
  owner: { readonly id: number; readonly name: string },
  first: string,
  { servers }: PageDeps,
): Promise<{ readonly name: ServerName; readonly row: ServerRecord | null }> {
  const named = first !== '' && servers.namedAllowed ? await servers.find(owner, first) : null;
  const row = named ?? (await servers.find(owner, ''));
  return { name: { user: owner.name, server: named ? first : '' }, row };
}

/** W38, words included. */
function notRunningJson(context: Context, { rest }: Astray, name: ServerName, deps: PageDeps): Answer {
  const restart = `${context.origin}${serverUrls(deps.places, name).spawn}`;
  const message = `JupyterHub server no longer running at /user/${rest}. Restart the server at ${restart}`;
  return json({ message }, deps.settings.stoppedStatus);
}

/** The page in the server that was asked for, `null` for its front. */
function wantedPath({ segments }: Astray, { server }: ServerName): string | null {
  const path = segments.slice(server === '' ? 1 : 2).join('/');
  return path === '' ? null : `/${path}`;
}
