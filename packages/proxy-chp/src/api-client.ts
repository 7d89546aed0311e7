import { type Clock, HubError, type JsonValue, type TlsEnd } from '@hub/core/plugin';
import { Pool } from 'undici';
import { parseAddress } from './address.ts';

/** Where the API is and what opens it. */
export interface ApiAccess {
  readonly url: string;
  readonly token: string;
}

/** What {@link createApiClient} needs. */
export interface ApiClientDependencies {
  /** Asked before each attempt: a restarted proxy may listen elsewhere. */
  readonly access: () => ApiAccess;
  readonly concurrency: number;
  readonly clock: Clock;
  /** Called when the proxy answers again after it could not be reached. */
  readonly onReturn?: () => void;
  /** With internal TLS: what the hub shows, and the name the proxy must show. */
  readonly tls: (() => TlsEnd & { readonly name: string }) | null;
}

/** The REST API of CHP (P426, section 4.4). */
export interface ApiClient {
  /** Answers with the status and the body as JSON; retries while the proxy cannot be reached. */
  call(method: Method, path: string, body?: JsonValue, signal?: AbortSignal): Promise<ApiAnswer>;
  /** Does it answer now, to this token? No retry. */
  ping(access: ApiAccess, signal?: AbortSignal): Promise<PingAnswer>;
  /** New certificates are there: connections made from now on show them. */
  renew(): void;
  close(): Promise<void>;
}
type Method = 'GET' | 'POST' | 'DELETE';
/** `refused`: something listens and does not take the token. */
export type PingAnswer = 'ok' | 'refused' | 'silent';
/** What the API said; 404 included, since it has a meaning for every call. */
export interface ApiAnswer {
  readonly status: number;
  readonly body: JsonValue;
}

const giveUpAfter = 30_000;
const answerWithin = 10_000;

/** One pooled client for the API, bounded by `concurrency`. */
export function createApiClient(dependencies: ApiClientDependencies): ApiClient {
  const { access, concurrency, clock } = dependencies;
  const closing = new AbortController();
  const pools = new Map<string, Pool>();
  let away = false;

  function poolOf(url: string): Pool {
    const known = pools.get(url);
    if (known) return known;
    const { socket } = parseAddress(url, 'apiUrl of the proxy');
    const pool = new Pool(socket ? 'http://localhost' : url, {
      connections: concurrency,
      headersTimeout: answerWithin,
      bodyTimeout: answerWithin,
      connect: { timeout: 3000, ...(socket && { socketPath: socket }), ...certificates(url) },
    });
    pools.set(url, pool);
    return pool;
  }

  function certificates(url: string) {
    if (!dependencies.tls || !url.startsWith('https:')) return {};
    const { key, certificate, authorities, name } = dependencies.tls();
    return { key, cert: certificate, ca: authorities, servername: name };
  }

  async function once(
    { url, token }: ApiAccess,
    method: Method,
    path: string,
    body: JsonValue | undefined,
    signal: AbortSignal,
  ): Promise<ApiAnswer> {
    const answer = await poolOf(url).request({
      method,
      path: `/api/routes${path}`,
      headers: { authorization: `token ${token}` },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal,
    });
    const text = await answer.body.text();
    return {
      status: answer.statusCode,
      body: answer.statusCode === 200 ? (JSON.parse(text) as JsonValue) : null,
    };
  }

  async function call(
    method: Method,
    path: string,
    body?: JsonValue,
    outer?: AbortSignal,
  ): Promise<ApiAnswer> {
    const signal = outer ? AbortSignal.any([outer, closing.signal]) : closing.signal;
    const end = clock.monotonic() + giveUpAfter;
    for (let pause = 100; ; pause = Math.min(pause * 2, 2000)) {
      signal.throwIfAborted();
      const to = access();
      const outcome = await once(to, method, path, body, signal).catch((error: unknown) => ({ error }));
      signal.throwIfAborted();
      if (!('error' in outcome) && outcome.status < 500) {
        if (away) {
          away = false;
          dependencies.onReturn?.();
        }
        if (outcome.status >= 400 && outcome.status !== 404)
          throw refused(to.url, method, path, outcome.status);
        return outcome;
      }
      const cause = 'error' in outcome ? outcome.error : undefined;
      if (cause !== undefined && !isConnectionError(cause)) throw cause;
      away ||= cause !== undefined;
      if (clock.monotonic() + pause > end) {
        throw new HubError('HUB_PROXY_UNAVAILABLE', `the proxy at ${to.url} does not answer`, {
          cause,
          hint: 'See the log of the proxy in the data folder of the hub.',
        });
      }
      await clock.sleep(pause, signal);
    }
  }

  return {
    call,
    async ping(to, outer) {
      const signals = [closing.signal, AbortSignal.timeout(answerWithin), ...(outer ? [outer] : [])];
      try {
        // No route is older than 1970, so the answer is short whatever the table holds.
        const { status } = await once(
          to,
          'GET',
          '?inactiveSince=1970-01-01',
          undefined,
          AbortSignal.any(signals),
        );
        return status === 200 ? 'ok' : 'refused';
      } catch (error) {
        outer?.throwIfAborted();
        closing.signal.throwIfAborted();
        // Not the API of a proxy, if it speaks at all.
        return isConnectionError(error) || signals[1]?.aborted ? 'silent' : 'refused';
      }
    },
    renew() {
      // Requests under way end in their own time.
      for (const pool of pools.values()) void pool.close().catch(() => undefined);
      pools.clear();
    },
    async close() {
      closing.abort(new HubError('HUB_UNAVAILABLE', 'the hub is stopping'));
      await Promise.all([...pools.values()].map((pool) => pool.destroy()));
    },
  };
}

function refused(url: string, method: Method, path: string, status: number): HubError {
  const hint =
    status === 403
      ? 'Hub and proxy have different tokens: give both the same authToken or CONFIGPROXY_AUTH_TOKEN.'
      : 'Is apiUrl the address of the API of configurable-http-proxy?';
  return new HubError(
    'HUB_PROXY_UNAVAILABLE',
    `the proxy at ${url} answered ${status} to ${method} ${path}`,
    { hint },
  );
}

/** Undici's and the system's errors of a connection carry such a code; mistakes of the caller do not. */
function isConnectionError(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^(E[A-Z]+$|UND_ERR_(?!INVALID|DESTROYED))/.test(code);
}
