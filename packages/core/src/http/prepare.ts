import type { FastifyReply, FastifyRequest } from 'fastify';
import { HubError } from '../plugin/index.ts';
import { type AccessRule, authorise } from './authorise.ts';
import { parseFormBody, parseJsonBody, refuseUnstorableText } from './body.ts';
import { identify } from './caller.ts';
import { type Context, createContext } from './context.ts';
import type { HubCookies } from './cookies.ts';
import type { Memberships, Sessions } from './ports.ts';
import type { RequestState } from './request-state.ts';
import type { RegisteredRoute } from './route.ts';

/** What a request is checked with. */
export interface PrepareDeps {
  readonly sessions: Sessions;
  readonly memberships: Memberships;
  readonly cookies: HubCookies;
}

interface Bodies {
  readonly bytes: Uint8Array;
  readonly form: URLSearchParams;
}

const bodies = new WeakMap<FastifyRequest, Bodies>();
const noBody: Bodies = { bytes: new Uint8Array(), form: new URLSearchParams() };

/**
 * Everything that comes before a handler, in the order of the contract: who asks, whether one of our pages asks
 * (R23), whether they may (R124–R129), and only then what the body says (R128).
 */
export async function prepare(
  request: FastifyRequest,
  route: RegisteredRoute,
  state: RequestState,
  { sessions, memberships, cookies }: PrepareDeps,
): Promise<void> {
  const { definition, surface } = route;
  const params = paramsOf(request);
  checkTexts(params, definition.mayBeEmpty ?? []);
  for (const pair of state.searchParams) for (const text of pair) refuseUnstorableText(text);
  const received = receive(request, route, state);

  if (definition.identity !== 'unasked') {
    const rules = {
      tokens: surface === 'api' || definition.tokens === true,
      jsonOnly: surface === 'api' && definition.reads !== 'form',
      use: { activity: definition.activity ?? true },
      now: state.now,
    };
    state.identified(await identify(credentialsOf(state), rules, sessions, cookies));
    if (definition.xsrf === undefined) state.checkXsrf(received.form);
    await authorise(state.caller, ruleOf(route, params), memberships);
  }
  const reads = definition.reads ?? (surface === 'api' ? 'json' : 'form');
  request.body = reads === 'json' ? jsonBody(received.bytes, definition.bodyOptional === true) : undefined;
}

/** The request as handlers see it. */
export function contextOf(request: FastifyRequest, state: RequestState, reply: FastifyReply): Context {
  const { bytes, form } = bodies.get(request) ?? noBody;
  let client: AbortController | null = null;
  return createContext(state, {
    params: request.params,
    // The query parser and the body parser make nothing else; schemas have been applied to both.
    query: request.query as Context['query'],
    body: (request.body ?? undefined) as Context['body'],
    form,
    bytes,
    signal() {
      client ??= abortedBy(reply);
      return client.signal;
    },
  });
}

function receive(request: FastifyRequest, route: RegisteredRoute, state: RequestState): Bodies {
  const bytes = request.body instanceof Uint8Array ? request.body : noBody.bytes;
  const type = state.headers['content-type'] ?? '';
  const isForm = type.toLowerCase().startsWith('application/x-www-form-urlencoded');
  const wanted =
    route.definition.reads !== 'bytes' && (isForm || (route.definition.reads === 'form' && type === ''));
  const received = { bytes, form: wanted ? parseFormBody(bytes) : noBody.form };
  bodies.set(request, received);
  return received;
}

function jsonBody(bytes: Uint8Array, optional: boolean): unknown {
  const value = parseJsonBody(bytes);
  // For the original no body and `null` are the same (R14); the schema of an optional body admits null.
  return optional ? (value ?? null) : value;
}

function ruleOf({ definition }: RegisteredRoute, params: Readonly<Record<string, string>>): AccessRule {
  if (definition.identity !== undefined) {
    return { identity: definition.identity === 'unasked' ? 'anyone' : definition.identity };
  }
  const { on } = definition;
  return { scope: definition.scope, target: typeof on === 'function' ? on({ params }) : (on ?? 'hub') };
}

function credentialsOf({ method, headers }: RequestState) {
  return {
    method,
    authorization: headers.authorization,
    cookie: headers.cookie,
    contentType: headers['content-type'],
  };
}

function paramsOf(request: FastifyRequest): Readonly<Record<string, string>> {
  return typeof request.params === 'object' ? { ...request.params } : {};
}

/** R1: a parameter is one whole segment. The router also lets an empty one pass. */
function checkTexts(params: Readonly<Record<string, string>>, mayBeEmpty: readonly string[]): void {
  for (const [name, value] of Object.entries(params)) {
    if (value === '' && name !== '*' && !mayBeEmpty.includes(name)) throw new HubError('HUB_NOT_FOUND', '');
    refuseUnstorableText(value);
  }
}

function abortedBy(reply: FastifyReply): AbortController {
  const client = new AbortController();
  if (reply.raw.destroyed) client.abort();
  else reply.raw.once('close', () => reply.raw.writableFinished || client.abort());
  return client;
}
