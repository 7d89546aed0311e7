import type { LoginRecord } from '../accounts/index.ts';
import { type Context, html, type Routes, redirect } from '../http/index.ts';
import { withDeadline } from '../kernel/index.ts';
import { HubError } from '../plugin/index.ts';
import type { PageDeps } from './deps.ts';
import { pageContext } from './page-context.ts';
import { actorOf, type Viewer, viewerOf } from './viewer.ts';

/** Ends the login, and with it the tokens its session gave to servers and services (W9, W47). */
export function logoutRoutes(hub: Routes, deps: PageDeps): void {
  hub.route('GET', '/logout', {
    summary: 'Sign out',
    identity: 'anyone',
    async handle(context) {
      const viewer = viewerOf(context);
      let serversRunning: boolean | null = null;
      let away: string | null = null;
      if (viewer && context.caller.kind === 'cookie') {
        refuseForeignPage(context, deps);
        const login = Number(context.caller.loginId);
        const ended = await deps.logins.end(actorOf(context), viewer, login, context.caller.sessionId);
        context.signOut();
        serversRunning = (await deps.servers.ofUser(viewer)).some(({ phase }) => phase !== 'stopped');
        if (ended) away = await tellAuthenticator(viewer, ended, context, deps);
      }
      if (away !== null) return redirect(away);
      if (!deps.authenticators[0]?.authenticator.autoLogin) return redirect(`${deps.places.hubPrefix}login`);
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

/** The authenticator may know where to go on, such as the provider's own log-out. */
async function tellAuthenticator(
  { view: user, name }: Viewer,
  { id, authenticator, subject, providerSession }: LoginRecord,
  { origin }: Context,
  { places, authenticators, clock, settings, log }: PageDeps,
): Promise<string | null> {
  const instance = authenticators.find((one) => one.id === authenticator);
  if (!instance?.authenticator.onLogout) return null;
  const login = { id: String(id), user, authenticator, subject: subject ?? name, providerSession };
  const facts = { authState: null, returnUrl: `${origin}${places.hubPrefix}login` };
  try {
    const ask = async () => instance.authenticator.onLogout?.(login, facts) ?? null;
    return (
      (await withDeadline(clock, `onLogout of ${authenticator}`, settings.hookTimeout, null, ask)) || null
    );
  } catch (error) {
    log.warn({ err: error, authenticator, user: name }, 'onLogout failed');
    return null;
  }
}
