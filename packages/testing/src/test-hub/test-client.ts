import { request as httpRequest } from 'undici';

/** An answer, read to its end. */
export interface TestAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
  /** The body's JSON object; empty when it is none. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** What a request carries. */
export interface TestRequest {
  readonly token?: string;
  readonly cookie?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON unless it is a text. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** Sees an answer before the test does; what it throws fails the test. */
export type AnswerCheck = (
  origin: string,
  request: { readonly method: string; readonly path: string },
  answer: TestAnswer,
) => Promise<void> | void;

/** Called with every answer. A setup file of a suite adds its own. */
export const answerChecks = new Set<AnswerCheck>();

/** Sends one request, follows no redirects, and reads the whole answer: of an event stream, until it ends. */
export async function ask(
  origin: string,
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  { token, cookie, headers = {}, body, signal }: TestRequest = {},
): Promise<TestAnswer> {
  const answer = await httpRequest(new URL(path, origin), {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `token ${token}` }),
      ...(cookie === undefined ? {} : { cookie }),
      ...(body === undefined || typeof body === 'string' ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
    headersTimeout: 120_000,
    bodyTimeout: 120_000,
    ...(signal ? { signal } : {}),
  });
  const text = await answer.body.text();
  const seen = { status: answer.statusCode, headers: answer.headers, text, json: parsed(text) };
  for (const check of answerChecks) await check(origin, { method, path }, seen);
  return seen;
}

/** The events of a stream's text (R86). */
export function eventsIn(text: string): Record<string, unknown>[] {
  return text.split('\n').flatMap((line) => (line.startsWith('data: ') ? [JSON.parse(line.slice(6))] : []));
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {}; // not every answer is JSON
  }
}

/** One user, signed in. */
export class TestClient {
  readonly name: string;
  readonly token: string;
  /** Where the hub listens. */
  readonly origin: string;
  /** Prefix of everything there, `/` unless the hub has another. */
  readonly prefix: string;

  constructor(origin: string, name: string, token: string, prefix = '/') {
    this.origin = origin;
    this.name = name;
    this.token = token;
    this.prefix = prefix;
  }

  /** A request with the user's token; `path` begins behind `/hub/api`. */
  api(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
  ): Promise<TestAnswer> {
    return ask(this.origin, method, `${this.prefix}hub/api${path}`, { token: this.token, body });
  }

  /** Starts a server, the default one unless named, and waits as long as the hub does (R80, R81). */
  startServer(name = '', body?: unknown): Promise<TestAnswer> {
    return this.api('POST', this.#path(name), body);
  }

  /** Stops it (R83). */
  stopServer(name = '', body?: unknown): Promise<TestAnswer> {
    return this.api('DELETE', this.#path(name), body);
  }

  /** Its model (R74). */
  server(name = ''): Promise<TestAnswer> {
    return this.api('GET', this.#path(name));
  }

  /** The whole progress stream: resolves when it ends (R86). */
  async progress(name = ''): Promise<{ status: number; events: Record<string, unknown>[]; text: string }> {
    const { status, text } = await this.api('GET', `${this.#path(name)}/progress`);
    return { status, events: eventsIn(text), text };
  }

  #path(name: string): string {
    const user = `/users/${encodeURIComponent(this.name)}`;
    return name === '' ? `${user}/server` : `${user}/servers/${encodeURIComponent(name)}`;
  }
}
