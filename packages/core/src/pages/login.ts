import type { SignInResult, Visit } from '../accounts/index.ts';
import { type Answer, type Context, html, type Routes, redirect } from '../http/index.ts';
import { HubError, isHubError } from '../plugin/index.ts';
import type { PageDeps } from './deps.ts';
import { signInTargets } from './form-targets.ts';
import { authenticatorUrl, formOf, loginWays } from './login-ways.ts';
import { nextTarget, safeNextArgument } from './next-target.ts';
import { pageContext } from './page-context.ts';
import { requestView, viewerOf } from './viewer.ts';

/** Section 1.3: the forms and buttons of all authenticators, and what their forms bring. */
export function loginRoutes(hub: Routes, deps: PageDeps): void {
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
      const refused = xsrfProblem(context);
      if (refused) return loginPage(context, deps, { status: 403, error: refused, tried: id, username: '' });

      const data = formData(context.form);
      const result = await (await deps.signIn()).withForm(id, visitOf(context), data);
      if (result.ok) return signedIn(context, deps, result);
      const username = data.username ?? '';
      return loginPage(context, deps, { status: 403, error: result.message, tried: id, username });
    },
  });
}

/** W24: with `autoLogin` nobody sees a form. `null` where the first authenticator does not ask for it. */
async function signInByItself(context: Context, deps: PageDeps): Promise<Answer | null> {
  const [first] = deps.authenticators;
  if (!first?.authenticator.autoLogin) return null;
  const away = authenticatorUrl(deps.places, first, safeNextArgument(context, deps));
  if (away !== null) return redirect(away);
  const result = await (await deps.signIn()).withForm(first.id, visitOf(context), {});
  if (result.ok) return signedIn(context, deps, result);
  throw new HubError('HUB_FORBIDDEN', result.message);
}

async function signedIn(
  context: Context,
  deps: PageDeps,
  { user, login }: Extract<SignInResult, { ok: true }>,
): Promise<Answer> {
  context.signIn({ secret: login.secret, loginId: String(login.id) });
  return redirect(await nextTarget(context, deps, { viewer: user }));
}

interface LoginTry {
  readonly status: 200 | 403;
  readonly error: string | null;
  readonly tried: string | null;
  readonly username: string;
}

function showLogin(context: Context, deps: PageDeps): Promise<Answer> {
  context.renewXsrfToken();
  const username = context.searchParams.getAll('username').at(-1) ?? '';
  return loginPage(context, deps, { status: 200, error: null, tried: null, username });
}

async function loginPage(
  context: Context,
  deps: PageDeps,
  { status, error, tried, username }: LoginTry,
): Promise<Answer> {
  const next = safeNextArgument(context, deps) ?? '';
  const page = {
    ways: loginWays(deps.authenticators, deps.places, next),
    next,
    username: shortened(username),
    error,
    tried,
    secure: context.secure || isLoopback(context.headers.host ?? ''),
    termsUrl: null,
  };
  const text = await deps.pages.login(await pageContext(context, deps), page);
  return html(text, status, { formTargets: await signInTargets(next, deps) });
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
    const mode = context.headers['sec-fetch-mode'] ?? 'navigate';
    if (!isHubError(error) || mode !== 'navigate') throw error;
    return 'Login form invalid or expired. Try again.';
  }
}

/** A getter: a session is begun only for those who are let in (W25: a refusal sets no cookie). */
function visitOf(context: Context): Visit {
  return {
    request: requestView(context),
    get sessionId() {
      return context.ensureSessionId();
    },
  };
}

/** Passwords keep their spaces; of several values the last counts. */
function formData(form: URLSearchParams): Readonly<Record<string, string>> {
  const { _xsrf, username, ...rest } = Object.fromEntries(form);
  return username === undefined ? rest : { ...rest, username: username.trim() };
}

/** Somebody who types a password into the wrong field should not read it back in full (W25). */
function shortened(username: string): string {
  const characters = [...username];
  if (characters.length <= 32) return username;
  return `${characters.slice(0, 16).join('')}...(${characters.length} chars)`;
}

function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i.test(host);
}
