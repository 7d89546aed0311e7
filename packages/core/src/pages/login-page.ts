import { type Answer, type Context, html } from '../http/index.ts';
import type { AuthenticatorAddresses } from './authenticator-addresses.ts';
import type { PageDeps } from './deps.ts';
import { signInTargets } from './form-targets.ts';
import { loginWays } from './login-ways.ts';
import { pageContext } from './page-context.ts';

/** What signing in works with. */
export interface LoginDeps extends PageDeps {
  readonly addresses: AuthenticatorAddresses;
}

/** How the last try went, and what to show of it. */
export interface LoginTry {
  readonly status: number;
  readonly error: string | null;
  /** Id of the authenticator that was tried. */
  readonly tried: string | null;
  readonly username: string;
  /** Validated, or `''`. */
  readonly next: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The page with all forms and buttons (W123). */
export async function loginPage(
  context: Context,
  deps: LoginDeps,
  { status, error, tried, username, next, headers = {} }: LoginTry,
): Promise<Answer> {
  const page = {
    ways: loginWays(deps.authenticators, deps.addresses, deps.places, next),
    next,
    username: shortened(username),
    error,
    tried,
    secure: context.secure || isLoopback(context.headers.host ?? ''),
    termsUrl: null,
  };
  const text = await deps.pages.login(await pageContext(context, deps), page);
  return html(text, status, { headers, formTargets: await signInTargets(next, deps) });
}

/** What a form brought: passwords keep their spaces, and of several values the last counts (P106). */
export function formData(form: URLSearchParams): Readonly<Record<string, string>> {
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
