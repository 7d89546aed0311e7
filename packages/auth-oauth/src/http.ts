import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { type Clock, HubError, isHubError, type Logger } from '@hub/core/plugin';
import type { FetchBody } from 'openid-client';
import { EnvHttpProxyAgent, fetch as undiciFetch } from 'undici';
import { providerUnavailable } from './errors.ts';
import type { OAuthOptions } from './options.ts';

/** Larger answers are refused; the key sets and user records of real providers have a few kilobytes. */
const mostBytes = 1_048_576;

/** One request to the provider, as `openid-client` and `jose` make them. */
export type Fetch = (
  url: string,
  init: {
    readonly method: string;
    readonly headers: Record<string, string> | Headers;
    readonly body?: FetchBody;
    readonly redirect: 'manual';
    readonly signal?: AbortSignal | undefined;
  },
) => Promise<Response>;

/** The only way to the provider: TLS, a time limit, a size limit, no redirects. */
export interface ProviderHttp {
  readonly fetch: Fetch;
  /** Seconds the provider's clock was ahead of ours at its last answer; null while it said nothing. */
  clockAhead(): number | null;
  close(): Promise<void>;
}

/** What {@link createHttp} needs. */
export interface HttpParts {
  readonly id: string;
  readonly options: Pick<OAuthOptions, 'requestTimeout' | 'allowInsecureHttp' | 'caFile'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Takes the place of the network. */
  readonly fetch?: typeof fetch | undefined;
}

/**
 * Opens the way to the provider. Proxies named by `HTTPS_PROXY` and its kin are used.
 *
 * @throws HubError `HUB_CONFIG_INVALID` for a `caFile` that cannot be read.
 */
export function createHttp({ id, options, clock, log, fetch: replacement }: HttpParts): ProviderHttp {
  const ca =
    options.caFile === undefined ? undefined : [...rootCertificates, readCertificates(options.caFile, id)];
  const trust = ca ? { ca } : {};
  const agent = new EnvHttpProxyAgent({ connect: trust, requestTls: trust });
  let ahead: number | null = null;

  const fetch: Fetch = async (url, init) => {
    checkAddress(url, options.allowInsecureHttp);
    const { host } = new URL(url);
    const limit = AbortSignal.timeout(options.requestTimeout * 1000);
    const signal = init.signal ? AbortSignal.any([init.signal, limit]) : limit;
    try {
      const answer = replacement
        ? await replacement(url, { ...init, signal, body: init.body ?? null })
        : await undiciFetch(url, { ...init, signal, body: init.body ?? null, dispatcher: agent });
      const told = Date.parse(answer.headers.get('date') ?? '');
      if (Number.isFinite(told)) ahead = Math.round((told - clock.now().getTime()) / 1000);
      const body = await readBody(answer.body, host);
      if (answer.status >= 500 || answer.status === 429) {
        throw providerUnavailable(`The sign-in provider ${host} answered with status ${answer.status}.`);
      }
      const empty = [101, 204, 205, 304].includes(answer.status);
      return new Response(empty ? null : body, { status: answer.status, headers: [...answer.headers] });
    } catch (error) {
      const failure = isHubError(error) ? error : unreachable(error, host, options.requestTimeout);
      // Query and path may hold secrets; the host tells enough.
      log.warn(
        { provider: host, method: init.method, reason: reasonOf(error) },
        'the provider gave no usable answer',
      );
      throw failure;
    }
  };
  return { fetch, clockAhead: () => ahead, close: () => agent.close() };
}

/**
 * Is this an address the hub may send secrets to, or people?
 *
 * @throws HubError `HUB_UNAVAILABLE` for plain http beyond this machine that the configuration does not allow.
 */
export function checkAddress(url: string, allowInsecureHttp: boolean): URL {
  const parsed = URL.parse(url);
  if (parsed?.protocol === 'https:') return parsed;
  if (parsed?.protocol === 'http:' && (allowInsecureHttp || isLoopback(parsed.hostname))) return parsed;
  throw new HubError(
    'HUB_UNAVAILABLE',
    `The sign-in provider gave an address without https: ${parsed?.origin ?? url}.`,
    {
      expose: true,
      hint: 'Give the provider a certificate, or set allowInsecureHttp: true in a network you trust.',
    },
  );
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

async function readBody(body: AsyncIterable<Uint8Array> | null, host: string): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let size = 0;
  for await (const part of body ?? []) {
    size += part.byteLength;
    if (size > mostBytes) {
      throw providerUnavailable(`The sign-in provider ${host} answered with more than ${mostBytes} bytes.`);
    }
    parts.push(new Uint8Array(part));
  }
  return new Blob(parts);
}

function unreachable(error: unknown, host: string, seconds: number): HubError {
  const late = error instanceof Error && error.name === 'TimeoutError';
  return providerUnavailable(
    late
      ? `The sign-in provider ${host} did not answer within ${seconds} s.`
      : `The sign-in provider ${host} cannot be reached.`,
    error,
  );
}

/** The innermost cause in words: `ECONNREFUSED`, `self-signed certificate`. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.cause instanceof Error) return reasonOf(error.cause);
  const code = 'code' in error && typeof error.code === 'string' ? `${error.code}: ` : '';
  return `${code}${error.message}`;
}

function readCertificates(path: string, id: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new HubError('HUB_CONFIG_INVALID', `Authenticator ${id}: caFile ${path} cannot be read.`, {
      cause,
    });
  }
}
