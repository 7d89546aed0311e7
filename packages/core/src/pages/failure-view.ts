import { type Answer, type Context, html, mayReadLog } from '../http/index.ts';
import type { PageFailure } from '../plugin/index.ts';
import { attemptReference } from '../servers/index.ts';
import type { PageDeps } from './deps.ts';
import type { FailedServer } from './failed-server.ts';
import { pageContext } from './page-context.ts';
import { fullName, type ServerName, serverUrls, withNext } from './server-urls.ts';
import { pageServer } from './server-view.ts';

/** May whoever asks read the log of this server? */
export async function readsLog(
  { caller }: Context,
  { user, server }: ServerName,
  { memberships }: PageDeps,
): Promise<boolean> {
  return mayReadLog(caller, { user, server, groups: await memberships.groupsOf(user) });
}

/** Why the last start failed, with the status it failed with (W31, W33). */
export async function failurePage(
  context: Context,
  deps: PageDeps,
  row: FailedServer,
  more: {
    readonly next: string | null;
    readonly message?: string;
    readonly headers?: Readonly<Record<string, string>> | undefined;
  },
): Promise<Answer> {
  const name: ServerName = { user: row.userName, server: row.name };
  const [mayRead, events] = await Promise.all([readsLog(context, name, deps), storyOf(row, deps)]);
  const failure = { ...pageFailure(row, mayRead), events };
  const page = {
    server: pageServer(deps, name, row),
    startUrl: withNext(serverUrls(deps.places, name).spawn, more.next),
    wanted: null,
    implicitStartSeconds: 0,
    failure: more.message === undefined ? failure : { ...failure, message: more.message },
  };
  const { headers = {} } = more;
  return html(await deps.pages.notRunning(await pageContext(context, deps), page), row.failure.status, {
    headers,
  });
}

/** The words of a fault in a plugin are not for people (W111): the page has its own. */
function pageFailure(row: FailedServer, withLog: boolean): Omit<PageFailure, 'events'> {
  const { cause, message, messageHtml, hint, at, attempt, log } = row.failure;
  const isFault = cause === 'plugin-error';
  return {
    cause,
    message: isFault ? null : message,
    messageHtml,
    hint: isFault ? null : hint,
    at,
    attempt,
    reference: attemptReference(row, attempt),
    log: withLog && log !== null ? log.trimEnd().split('\n') : null,
  };
}

/** How far it got, and how that ended. A failure of an earlier attempt has its story no longer shown beside it. */
export async function storyOf(row: FailedServer, { servers }: PageDeps): Promise<PageFailure['events']> {
  const { attempt, at, message } = row.failure;
  const told = attempt === row.attempt ? await servers.story(row) : [];
  return [...told, { at, message }];
}

/** W31: what a start that failed at once is called where the page has a form. */
export function failureSentence({ cause, message }: FailedServer['failure'], name: ServerName): string {
  return cause === 'plugin-error' ? `Unhandled error starting server ${fullName(name)}` : message;
}
