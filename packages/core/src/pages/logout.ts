import type { LoginRecord } from '../accounts/index.ts';
import { type Context, html, type Routes, redirect } from '../http/index.ts';
import { type Actor, withDeadline } from '../kernel/index.ts';
import { HubError } from '../plugin/index.ts';
import type { PageDeps } from './deps.ts';
import { pageContext } from './page-context.ts';
import { actorOf, type Viewer, viewerOf } from './viewer.ts';

/** Somebody waits in front of a screen: a provider that does not answer is not waited for as long as other hooks. */
const longestWait = 10;

/** Ends the login, and with it the tokens its session gave to servers and services (W9, W47, P146). */
export function logoutRoutes(hub: Routes, deps: PageDeps): void {
  hub.route('GET', '/logout', {
    summary: 'Sign out',
    identity: 'anyone',
    refresh: false,
    async handle(context) {
      const viewer = viewerOf(context);
      let serversRunning: boolean | null = null;
      let away: string | null = null;
      if (viewer && context.caller.kind === 'cookie') {
        refuseForeignPage(context, deps);
        const actor = actorOf(context);
        const login = Number(context.caller.loginId);
        const ended = await deps.logins.end(actor, viewer, login, context.caller.sessionId);
        context.signOut();
        serversRunning = await leaveServers(actor, viewer, deps);
        if (ended) away = await tellAuthenticator(viewer, ended, context, deps);
      }
      if (away !== null) return redirect(away);
      if (!signsInByItself(deps)) return redirect(`${deps.places.hubPrefix}login`);
      // Sent to the login page, they would be signed in again at once.
      const page = { serversRunning, provider: null };
      return html(await deps.pages.logout(await pageContext(context, deps), page));
    },
  });
}

/** Servers link here by GET, so there is no token to check; a browser tells whose page asks. */
function refuseForeignPage({ headers }: Context, { places }: PageDeps): void {
  const site = headers['sec-fetch-site'] ?? 'none';
  const ours = ['none', 'same-origin', ...(places.subdomainHost === null ? [] : ['same-site'])];
  if (!ours.includes(site)) {
    throw new HubError('HUB_FORBIDDEN', 'Another site asked to sign you out. Use the button of this hub.');
  }
}

/**
 * With `shutdownOnLogout` the own servers are asked to stop, but for those on their way already (W47); the page
 * does not wait for that. Answers whether any is left running.
 */
async function leaveServers(
  actor: Actor,
  viewer: Viewer,
  { servers, settings, log }: PageDeps,
): Promise<boolean> {
  const active = (await servers.ofUser(viewer)).filter(({ phase }) => phase !== 'stopped');
  if (!settings.shutdownOnLogout) return active.length > 0;
  const ready = active.filter(({ phase }) => phase === 'ready');
  const asked = await Promise.allSettled(
    ready.map(({ name }) => servers.requestStop(viewer, name, { actor, remove: false })),
  );
  for (const one of asked) {
    if (one.status === 'rejected') log.warn({ err: one.reason, user: viewer.name }, 'server was not stopped');
  }
  return ready.length < active.length || asked.some(({ status }) => status === 'rejected');
}

/** The authenticator of this login may know where to go on, such as the provider's own log-out. */
async function tellAuthenticator(
  { view: user, name, id: userId }: Viewer,
  { id, authenticator, subject, providerSession }: LoginRecord,
  { origin }: Context,
  deps: PageDeps,
): Promise<string | null> {
  const { places, users, clock, settings, log } = deps;
  const instance = deps.authenticators.find((one) => one.id === authenticator)?.authenticator;
  if (!instance?.onLogout) return null;
  const login = { id: String(id), user, authenticator, subject: subject ?? name, providerSession };
  const ask = async () => {
    const authState = subject === null ? null : await users.authStateOf(userId, authenticator, subject);
    const returnUrl = `${origin}${places.hubPrefix}${signsInByItself(deps) ? 'logout' : 'login'}`;
    return (await instance.onLogout?.(login, { authState, returnUrl })) || null;
  };
  try {
    const seconds = Math.min(settings.hookTimeout, longestWait);
    return await withDeadline(clock, `onLogout of ${authenticator}`, seconds, null, ask);
  } catch (error) {
    log.warn({ err: error, authenticator, user: name }, 'onLogout failed');
    return null;
  }
}

function signsInByItself({ authenticators }: PageDeps): boolean {
  return authenticators[0]?.authenticator.autoLogin === true;
}
