import { HubError, type JsonObject, type JsonValue } from '@hub/core/plugin';
import { type Configuration, fetchProtectedResource, WWWAuthenticateChallengeError } from 'openid-client';
import type { Claims } from './claims.ts';
import { providerUnavailable } from './errors.ts';
import type { Fetch } from './http.ts';
import type { ApiAnswer, ApiOptions, Provider, Session } from './provider.ts';

/** A list of more pages than this is none that a sign-in can wait for. */
const mostPages = 50;

/** What a {@link Session} is made of. */
export interface SessionParts {
  readonly configuration: Configuration;
  readonly provider: Provider;
  readonly title: string;
  readonly tokens: Session['tokens'];
  readonly idClaims: Claims | null;
  readonly fetch: Fetch;
}

/** Makes the {@link Session}. */
export function createSession({
  configuration,
  provider,
  title,
  tokens,
  idClaims,
  fetch,
}: SessionParts): Session {
  const api = async (path: string, options: ApiOptions = {}): Promise<ApiAnswer> => {
    const base = apiBase(provider);
    const url = addressBelow(base, path, options.query);
    const headers = new Headers({ accept: 'application/json', ...provider.apiHeaders, ...options.headers });
    if (options.body !== undefined) headers.set('content-type', 'application/json');
    const answer = await fetchProtectedResource(
      configuration,
      options.token ?? tokens.access_token,
      url,
      options.body === undefined ? 'GET' : 'POST',
      options.body === undefined ? undefined : JSON.stringify(options.body),
      headers,
    ).catch(challenged);
    return {
      status: answer.status,
      body: await readJson(answer, url, title),
      next: nextPage(answer.headers.get('link'), url, title),
    };
  };

  const apiList = async (path: string, options: ApiOptions = {}): Promise<readonly JsonValue[]> => {
    const all: JsonValue[] = [];
    let answer = await api(path, options);
    const { query: _, ...rest } = options;
    for (let page = 1; ; page++) {
      const { status, body, next } = answer;
      if (status !== 200 || !Array.isArray(body)) throw noList(title, path, status, options.forbiddenHint);
      all.push(...body);
      if (next === null) return all;
      if (page >= mostPages)
        throw providerUnavailable(`${title} gave more than ${mostPages} pages of ${path}.`);
      answer = await api(next, rest);
    }
  };

  return { tokens, idClaims, api, apiList, fetch };
}

/** The address of the userinfo endpoint's origin counts when a provider names no other. */
function apiBase({ apiUrl, addresses }: Provider): URL {
  const base = apiUrl ?? ('userinfoUrl' in addresses ? addresses.userinfoUrl : undefined);
  if (base === undefined) throw new HubError('HUB_PLUGIN_FAILED', 'This provider names no apiUrl.');
  return new URL(base.endsWith('/') ? base : `${base}/`);
}

function addressBelow(base: URL, path: string, query: Readonly<Record<string, string>> = {}): URL {
  const url = URL.canParse(path) ? new URL(path) : new URL(path.replace(/^\/+/, ''), base);
  if (url.origin !== base.origin) {
    throw new HubError('HUB_PLUGIN_FAILED', `The access token is for ${base.origin}, not for ${url.origin}.`);
  }
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url;
}

/** A 401 with a challenge is an answer like any other. */
function challenged(error: unknown): Response {
  if (error instanceof WWWAuthenticateChallengeError) return error.response;
  throw error;
}

async function readJson(answer: Response, { host, pathname }: URL, title: string): Promise<JsonValue> {
  const text = await answer.text();
  if (text === '') return null;
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    if (answer.status >= 400) return null;
    throw providerUnavailable(`${title} gave an answer that makes no sense (${host}${pathname} is no JSON).`);
  }
}

/** `<https://api.example/list?page=2>; rel="next"` */
function nextPage(link: string | null, { href, origin }: URL, title: string): string | null {
  for (const [, target = '', parameters = ''] of (link ?? '').matchAll(/<([^<>]*)>([^<]*)/g)) {
    if (!/;\s*rel\s*=\s*"?(?:[\w-]+ )*next\b/i.test(parameters)) continue;
    const next = URL.parse(target, href);
    if (next?.origin === origin) return next.href;
    // Half a list would put somebody out of groups.
    throw providerUnavailable(`${title} continues a list at another address than ${origin}.`);
  }
  return null;
}

function noList(title: string, path: string, status: number, hint: string | undefined): HubError {
  const forbidden = status === 401 || status === 403 ? hint : undefined;
  const what = status === 200 ? 'no list' : `status ${status}`;
  return new HubError('HUB_UNAVAILABLE', `${title} answered ${path} with ${what}.`, {
    expose: true,
    ...(forbidden !== undefined && { hint: forbidden }),
  });
}

/** Tokens and claims of an answer as plain JSON. */
export function plainJson(value: object): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject;
}
