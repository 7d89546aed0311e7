import type { UserView } from './common.ts';
import type { Awaitable, JsonValue } from './json.ts';

/** A request as plugins see one: read-only, already checked (P804). */
export interface RequestView {
  readonly method: string;
  /** Path and query as the browser sent them. */
  readonly url: string;
  readonly path: string;
  /** The last value of each query parameter. */
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The client's address behind trusted proxies (W53). */
  readonly ip: string;
  /** Scheme and host as the browser sees them. */
  readonly origin: string;
  /** Who is signed in, or null. */
  readonly user: UserView | null;
}

/** What a route of a plugin may do besides reading the request. */
export interface RequestContext extends RequestView {
  /** Form fields as text, without `_xsrf`; empty for a GET. */
  readonly form: Readonly<Record<string, string>>;
  /** A JSON body, when one came. */
  readonly body: JsonValue | undefined;
  /** The value if it is a path on this hub (W22), else null. */
  safeNext(next: string | undefined): string | null;
  /**
   * Absolute address of one of the plugin's own routes, as the browser reaches it: the short one (W26a) where the
   * plugin has it, so that an address registered at a provider stays the same.
   */
  urlOf(path: string): string;
  /**
   * Reads and writes signed, HttpOnly cookies that only this plugin sees. `get` answers with what the request brought,
   * `null` for what is older than its `maxAge` (seconds). Not secret: who holds the browser can read them. Throws a
   * HubError for a name of other characters than letters, digits, `-`, `.`, `_`, and for more than browsers keep (4 kB).
   */
  readonly cookies: {
    get(name: string): string | null;
    set(name: string, value: string, options: { maxAge: number }): void;
    clear(name: string): void;
  };
  /** For the hidden field `_xsrf` of a form of its own. Asking for it sets the cookie that goes with it. */
  xsrfToken(): string;
  /** Continues the login pipeline with this identity and answers: a redirect to `next`, or the refusal (P105). */
  signIn(identity: Identity, next: string | null): Promise<void>;
  /**
   * Answers with the login page and this sentence for the person on it, so that another try is one click away;
   * `status` is 403 unless given.
   */
  refuse(sentence: string, next: string | null, status?: number): Promise<void>;
  /**
   * Ends logins that this authenticator began, on every hub, such as for a provider's back-channel log-out. Resolves
   * with their number; with neither field given it ends none.
   */
  endLogins(which: {
    readonly subject?: string | undefined;
    readonly providerSession?: string | undefined;
  }): Promise<number>;
  redirect(url: string): void;
  /** A text is `text/plain` unless `headers` name another `content-type`; anything else is sent as JSON. */
  send(status: number, body: string | JsonValue, headers?: Readonly<Record<string, string>>): void;
}

/** A plugin's own addresses. */
export interface PluginRouter {
  /**
   * Paths are relative to the plugin's mount, plain words without parameters, such as `/callback`. A handler gives
   * exactly one answer: `redirect`, `send`, `signIn` or `refuse`. A HubError below 500 that it throws is shown
   * (P104); anything else is a 500, and an answer later than `servers.hookTimeout` a 503.
   *
   * @example
   * routes: ({ route }) => {
   *   route('GET', '/callback', { scope: 'anyone' }, async ({ query, cookies, signIn }) => {
   *     const person = await askProvider(query.code, cookies.get('state'));
   *     await signIn({ name: person.login, subject: person.id }, person.next);
   *   });
   * }
   */
  route(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    options: {
      /** Scope a caller needs; `'anyone'` for pages before login. */
      readonly scope: string | 'anyone' | 'user';
      /** `false` only for cross-site posts that carry their own signature. */
      readonly xsrf?: boolean;
    },
    handle: (context: RequestContext) => Awaitable<void>,
  ): void;
}

/** Who somebody is, as an authenticator found out (P103). */
export interface Identity {
  /** The user name before normalisation. */
  readonly name: string;
  /** What the provider calls this person and never gives to another; the name unless told. */
  readonly subject?: string | undefined;
  /** What the provider calls the session there (OpenID Connect `sid`), to end the login here when it ends. */
  readonly providerSession?: string | undefined;
  /** true or false decides; null or absent leaves it as it is. */
  readonly admin?: boolean | null | undefined;
  /** Kept encrypted when the hub keeps auth_state. */
  readonly authState?: { readonly [key: string]: JsonValue | undefined } | null | undefined;
  /** Shown in the user model; null keeps what is there. */
  readonly userInfo?: { readonly [key: string]: JsonValue | undefined } | null | undefined;
  /** With `manageGroups`: exactly these. null leaves them. */
  readonly groups?: readonly string[] | null | undefined;
  /** With `manageRoles`: exactly these. null leaves them. */
  readonly roles?: readonly ManagedRole[] | null | undefined;
}

/** A role as an authenticator declares it (P137). */
export interface ManagedRole {
  readonly name: string;
  readonly description?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  readonly users?: readonly string[] | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly services?: readonly string[] | undefined;
}
