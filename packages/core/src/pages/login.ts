import type { AuthenticatorInstance, SignInResult } from '../accounts/index.ts';
import { type Answer, type Context, type Routes, redirect } from '../http/index.ts';
import { HubError, isHubError } from '../plugin/index.ts';
import { formData, type LoginDeps, loginPage } from './login-page.ts';
import { authenticatorUrl, formOf } from './login-ways.ts';
import { nextTarget, safeNextArgument } from './next-target.ts';
import { viewerOf, visitOf } from './viewer.ts';

/** Section 1.3: the forms and buttons of all authenticators, and what their forms bring. */
export function loginRoutes(hub: Routes, deps: LoginDeps): void {
  hub.route('GET', '/login', {
    summary: 'Sign in',
    identity: 'anyone',
    async handle(context) {
      if (viewerOf(context)) {
        context.renewXsrfToken();
        return redirect(await nextTarget(context, deps));
      }
      return (await signInByItself(context, deps)) ?? showLogin(context, deps);
    },
  });

  hub.route('POST', '/login', {
    summary: 'Sign in',
    identity: 'anyone',
    xsrf: 'deferred',
    async handle(context) {
      const id = formOf(deps.authenticators, context.searchParams.getAll('authenticator').at(-1));
      const data = formData(context.form);
      const again = (status: number, error: string, username = data.username ?? '', headers = {}) =>
        loginPage(context, deps, {
          status,
          error,
          tried: id,
          username,
          next: nextOf(context, deps),
          headers,
        });

      const stale = xsrfProblem(context);
      if (stale) return again(403, stale, '');
      try {
        const result = await (await deps.signIn()).withForm(id, visitOf(context), data);
        return result.ok ? await signedIn(context, deps, result) : await again(result.status, result.message);
      } catch (error) {
        // P104: words meant for the visitor stand where they can try again.
        if (!isHubError(error) || error.status >= 500 || !error.expose || !isNavigation(context)) throw error;
        return again(error.status, error.message, data.username, error.headers);
      }
    },
  });
}

/**
 * W24: with `autoLogin` nobody sees a form. `null` where the first authenticator does not ask for it, and for
 * `?authenticator=…`: so the others of several can still be reached.
 */
async function signInByItself(context: Context, deps: LoginDeps): Promise<Answer | null> {
  const [first] = deps.authenticators;
  if (context.searchParams.has('authenticator')) return null;
  const next = safeNextArgument(context, deps);
  if (!first || !isAutomatic(first, next, deps)) return null;
  const away = authenticatorUrl(deps.addresses, first, next);
  if (away !== null) return redirect(away);
  const result = await (await deps.signIn()).withForm(first.id, visitOf(context), {});
  if (result.ok) return signedIn(context, deps, result);
  throw new HubError('HUB_FORBIDDEN', 'You could not be signed in automatically.', { status: result.status });
}

/** `'oauth-authorize'`: who opens a server or service is led on; who opens the hub itself sees the page. */
function isAutomatic(
  { authenticator: { autoLogin } }: AuthenticatorInstance,
  next: string | null,
  { places }: LoginDeps,
): boolean {
  if (autoLogin !== 'oauth-authorize') return autoLogin === true;
  return next?.split('?', 1)[0] === `${places.hubPrefix}api/oauth2/authorize`;
}

async function signedIn(
  context: Context,
  deps: LoginDeps,
  { user, login }: Extract<SignInResult, { ok: true }>,
): Promise<Answer> {
  context.signIn({ secret: login.secret, loginId: String(login.id) });
  return redirect(await nextTarget(context, deps, { viewer: user }));
}

function showLogin(context: Context, deps: LoginDeps): Promise<Answer> {
  context.renewXsrfToken();
  const username = context.searchParams.getAll('username').at(-1) ?? '';
  return loginPage(context, deps, {
    status: 200,
    error: null,
    tried: null,
    username,
    next: nextOf(context, deps),
  });
}

function nextOf(context: Context, deps: LoginDeps): string {
  return safeNextArgument(context, deps) ?? '';
}

/**
 * W25: an old form in a forgotten tab gets a fresh one. `null` when the request is in order; throws the usual 403
 * for one that is no navigation.
 */
function xsrfProblem(context: Context): string | null {
  try {
    context.checkXsrf();
    return null;
  } catch (error) {
    if (!isHubError(error) || !isNavigation(context)) throw error;
    return 'Login form invalid or expired. Try again.';
  }
}

function isNavigation({ headers }: Context): boolean {
  return (headers['sec-fetch-mode'] ?? 'navigate') === 'navigate';
}
