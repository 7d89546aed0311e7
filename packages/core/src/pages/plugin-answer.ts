import {
  type Answer,
  bytes,
  type Context,
  type HubCookies,
  json,
  parseJsonBody,
  redirect,
} from '../http/index.ts';
import { DeadlineError, withDeadline } from '../kernel/index.ts';
import { HubError, isHubError, type JsonValue, type RequestContext } from '../plugin/index.ts';
import type { DeclaredRoute } from './authenticator-routes.ts';
import { formData, type LoginDeps, loginPage } from './login-page.ts';
import { nextTarget } from './next-target.ts';
import { pluginCookies } from './plugin-cookies.ts';
import { requestView, visitOf } from './viewer.ts';

/**
 * Lets an authenticator answer a request to one of its routes. A HubError it throws is shown (P104); anything else
 * is a 500, silence beyond the limit of hooks a 503, both with the plugin's name in the log.
 */
export async function answerOf(
  route: DeclaredRoute,
  context: Context,
  deps: LoginDeps,
  cookies: HubCookies,
): Promise<Answer> {
  const { id, method, path, handle } = route;
  const what = `${method} ${path} of ${id}`;
  const slot = new AnswerSlot(`Authenticator ${id}, ${method} ${path}`);
  try {
    const view = routeContext(id, context, slot, deps, cookies);
    await withDeadline(deps.clock, what, deps.settings.hookTimeout, null, async () => handle(view));
    return slot.taken();
  } catch (error) {
    slot.close();
    const failed = isHubError(error) ? error : explained(error, id, `${method} ${path}`);
    // A 500 is logged where it is answered; those above it are told nowhere else.
    if (failed.status > 500)
      deps.log.error({ err: failed, authenticator: id, route: `${method} ${path}` }, 'plugin route failed');
    throw failed;
  }
}

/** The one answer of a request. */
class AnswerSlot {
  readonly #who: string;
  #answer: Answer | null = null;
  #closed = false;

  constructor(who: string) {
    this.#who = who;
  }

  /** Throws a HubError where there is one already, or it is too late. */
  check(): void {
    if (this.#closed) throw new HubError('HUB_PLUGIN_FAILED', `${this.#who}: answered too late.`);
    if (this.#answer) throw new HubError('HUB_PLUGIN_FAILED', `${this.#who}: answered twice.`);
  }

  fill(answer: Answer): void {
    this.check();
    this.#answer = answer;
  }

  taken(): Answer {
    this.#closed = true;
    if (this.#answer) return this.#answer;
    throw new HubError('HUB_PLUGIN_FAILED', `${this.#who}: ended without an answer.`, {
      hint: 'Its handler has to call redirect, send or signIn, and await signIn.',
    });
  }

  close(): void {
    this.#closed = true;
  }
}

function routeContext(
  id: string,
  context: Context,
  slot: AnswerSlot,
  deps: LoginDeps,
  cookies: HubCookies,
): RequestContext {
  const { places, clock, addresses } = deps;
  const refuse = async (error: string, next: string, status: number): Promise<void> =>
    slot.fill(await loginPage(context, deps, { status, error, tried: id, username: '', next }));
  return {
    ...requestView(context),
    form: formData(context.form),
    body: jsonBody(context),
    safeNext: (next) => context.safeNext(next),
    urlOf: (path) => `${context.origin}${addresses.pathOf(id, path)}`,
    xsrfToken: () => context.xsrfToken(),
    cookies: pluginCookies(id, context, { cookies, clock, hubPrefix: places.hubPrefix }),
    async signIn(identity, next) {
      slot.check();
      const safe = context.safeNext(next);
      const result = await (await deps.signIn()).withIdentity(id, visitOf(context), identity);
      slot.check();
      if (!result.ok) return refuse(result.message, safe ?? '', result.status);
      context.signIn({ secret: result.login.secret, loginId: String(result.login.id) });
      // The query is the provider's: none of it goes on (W26a).
      const from = { next: safe, query: new URLSearchParams() };
      slot.fill(redirect(await nextTarget(context, deps, { viewer: result.user, from })));
    },
    refuse: (sentence, next, status = 403) => refuse(sentence, context.safeNext(next) ?? '', status),
    endLogins: (which) =>
      deps.logins.endOfProvider(
        { kind: 'anonymous', name: id, ip: context.ip },
        { ...which, authenticator: id },
      ),
    redirect: (url) => slot.fill(redirect(url)),
    send: (status, body, headers = {}) => slot.fill(sent(id, status, body, headers)),
  };
}

/** Text is plain unless its headers say otherwise: what a plugin repeats from a request is no page. */
function sent(
  id: string,
  status: number,
  body: JsonValue,
  headers: Readonly<Record<string, string>>,
): Answer {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new HubError('HUB_PLUGIN_FAILED', `Authenticator ${id} answered with the status ${status}.`);
  }
  const own = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  if (typeof body !== 'string') return json(body, status, own);
  const { 'content-type': type = 'text/plain; charset=utf-8', ...rest } = own;
  return bytes(type, body, status, rest);
}

function jsonBody({ headers, bytes: received }: Context): JsonValue | undefined {
  const isJson = /^\s*application\/(?:[\w.+-]+\+)?json\s*(?:;|$)/i.test(headers['content-type'] ?? '');
  return isJson ? parseJsonBody(received) : undefined;
}

function explained(cause: unknown, id: string, what: string): HubError {
  return cause instanceof DeadlineError
    ? new HubError('HUB_UNAVAILABLE', 'Signing in takes too long. Try again in a moment.', {
        cause,
        expose: true,
      })
    : new HubError('HUB_PLUGIN_FAILED', `Authenticator ${id} failed in ${what}.`, { cause });
}
