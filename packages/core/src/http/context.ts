import type { JsonValue } from '../plugin/index.ts';
import type { FormFile } from './body.ts';
import type { Caller } from './caller.ts';
import type { RequestState } from './request-state.ts';

/** A request as handlers see it: who asks, what they sent, and the cookies that go back. */
export interface Context<
  Params = unknown,
  Query = Readonly<Record<string, string | undefined>>,
  Body = JsonValue | undefined,
> {
  readonly method: string;
  /** Path and query as sent. */
  readonly url: string;
  readonly path: string;
  readonly params: Params;
  readonly query: Query;
  /** All values of the query. */
  readonly searchParams: URLSearchParams;
  readonly body: Body;
  /** Fields of a form body; empty otherwise. */
  readonly form: URLSearchParams;
  /** Files of a form body. */
  readonly files: readonly FormFile[];
  /** The body as it came. */
  readonly bytes: Uint8Array;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** The client's address (W53). */
  readonly ip: string;
  /** Cookies are Secure (W52). */
  readonly secure: boolean;
  /** Scheme and host as the browser sees them. Throws a HubError 400 when the request names no proper host. */
  readonly origin: string;
  readonly caller: Caller;
  /** Aborted when the client goes before it is answered. */
  readonly signal: AbortSignal;
  /** For inline scripts and styles of the answer. */
  readonly nonce: string;
  /** The browser session (W46), or `null`. */
  readonly sessionId: string | null;
  /** The same, made and set when there is none. */
  ensureSessionId(): string;
  /** The token for forms and scripts of the answer. Asking for it sets the cookie where one is due (W56). */
  xsrfToken(): string;
  /** The same, and the browser keeps it for another hour: for the login page (W24). */
  renewXsrfToken(): string;
  /** For routes with `xsrf: 'deferred'`. Throws a HubError 403 (W60). */
  checkXsrf(): void;
  /** A path on this hub, or `null` (W22). */
  safeNext(next: string | null | undefined): string | null;
  /** Sets the cookies of a new login: the login itself, a session id, and a token bound to both (W25, W54). */
  signIn(login: { readonly secret: string; readonly loginId: string }): void;
  /** Clears every cookie of the login (W47). */
  signOut(): void;
  /** Adds a `Set-Cookie` header; a later one of the same name and path replaces it. */
  setCookie(text: string): void;
}

/** What a handler gets that is not known before its route is. */
export interface RequestParts {
  readonly params: unknown;
  readonly query: Readonly<Record<string, string | undefined>>;
  readonly body: JsonValue | undefined;
  readonly form: URLSearchParams;
  readonly files: readonly FormFile[];
  readonly bytes: Uint8Array;
  /** Made when somebody asks for it: most handlers end before their client can go. */
  signal(): AbortSignal;
}

/** Puts a request's state and its parts together. */
export function createContext(state: RequestState, parts: RequestParts): Context {
  const { method, url, path, searchParams, headers, ip, secure } = state;
  const { params, query, body, form, files, bytes } = parts;
  const sent = {
    method,
    url,
    path,
    params,
    query,
    searchParams,
    body,
    form,
    files,
    bytes,
    headers,
    ip,
    secure,
  };
  return {
    ...sent,
    get origin() {
      return state.origin;
    },
    get caller() {
      return state.caller;
    },
    get signal() {
      return parts.signal();
    },
    get nonce() {
      return state.nonce;
    },
    get sessionId() {
      return state.sessionId;
    },
    ensureSessionId: state.ensureSessionId,
    xsrfToken: state.xsrfToken,
    renewXsrfToken: state.renewXsrfToken,
    checkXsrf: () => state.checkXsrf(form),
    safeNext: state.safeNext,
    signIn: state.signIn,
    signOut: state.signOut,
    setCookie: state.setCookie,
  };
}
