import type { FastifyReply, FastifyRequest } from 'fastify';
import { HubError, isHubError } from '../plugin/index.ts';
import { type AccessRule, authorise } from './authorise.ts';
import { type Form, isForm, parseFormBody, parseJsonBody, refuseUnstorableText } from './body.ts';
import { type Identified, identify } from './caller.ts';
import { type Context, createContext } from './context.ts';
import type { HubCookies } from './cookies.ts';
import type { Memberships, Sessions, UseOfIdentity } from './ports.ts';
import type { RequestState } from './request-state.ts';
import type { RegisteredRoute } from './route.ts';

/** What a request is checked with. */
export interface PrepareDeps {
  readonly sessions: Sessions;
  readonly memberships: Memberships;
  readonly cookies: HubCookies;
}

interface Bodies extends Form {
  readonly bytes: Uint8Array;
}

const bodies = new WeakMap<FastifyRequest, Bodies>();
const noForm: Form = { fields: new URLSearchParams(), files: [] };
const noBody: Bodies = { bytes: new Uint8Array(), ...noForm };

/**
 * Everything that comes before a handler, in the order of the contract: who asks, whether one of our pages asks
 * (R23), whether they may (R124–R129), and only then what the body says (R128). Answers `'login'` when a stranger
 * is to sign in first.
 */
export async function prepare(
  request: FastifyRequest,
  route: RegisteredRoute,
  state: RequestState,
  deps: PrepareDeps,
): Promise<'go on' | 'login'> {
  const { definition, surface } = route;
  const params = paramsOf(request);
  checkTexts(params, definition.mayBeEmpty ?? []);
  for (const pair of state.searchParams) for (const text of pair) refuseUnstorableText(text);
  const received = await receive(request, route, state);

  if (definition.identity !== 'unasked') {
    await askWho(state, route, deps);
    if (definition.xsrf === undefined) state.checkXsrf(received.fields);
    if (needsLogin(route, state)) return 'login';
    await authorise(state.caller, ruleOf(route, params), deps.memberships);
  }
  const reads = definition.reads ?? (surface === 'api' ? 'json' : 'form');
  request.body = reads === 'json' ? jsonBody(received.bytes, definition.bodyOptional === true) : undefined;
  return 'go on';
}

/** Finds out who is asking, for a route or for a page that none knows. */
export async function askWho(
  state: RequestState,
  route: RegisteredRoute | undefined,
  deps: PrepareDeps,
): Promise<void> {
  const use = {
    activity: route?.definition.activity ?? true,
    details: route?.definition.callerDetails ?? false,
    refresh: route?.definition.refresh ?? true,
  };
  state.identified(await whoAsks(state, route, deps, use));
}

async function whoAsks(
  state: RequestState,
  route: RegisteredRoute | undefined,
  { sessions, cookies }: PrepareDeps,
  use: UseOfIdentity,
): Promise<Identified> {
  const { method, headers, surface } = state;
  const credentials = {
    method,
    authorization: headers.authorization,
    cookie: headers.cookie,
    contentType: headers['content-type'],
  };
  const rules = {
    tokens: surface === 'api' || route?.definition.tokens === true,
    jsonOnly: surface === 'api' && route?.definition.reads !== 'form',
    use,
    now: state.now,
  };
  return identify(credentials, rules, sessions, cookies);
}

/** May who sent the request still do so? Counts as no activity. */
export async function mayStill(
  request: FastifyRequest,
  route: RegisteredRoute,
  state: RequestState,
  deps: PrepareDeps,
): Promise<boolean> {
  try {
    const { caller } = await whoAsks(state, route, deps, { activity: false, refresh: false });
    await authorise(caller, ruleOf(route, paramsOf(request)), deps.memberships);
    return caller.kind === state.caller.kind;
  } catch (error) {
    if (isHubError(error) && (error.code === 'HUB_FORBIDDEN' || error.code === 'HUB_NOT_FOUND')) return false;
    throw error;
  }
}

/** The request as handlers see it. */
export function contextOf(request: FastifyRequest, state: RequestState, reply: FastifyReply): Context {
  const { bytes, fields, files } = bodies.get(request) ?? noBody;
  let client: AbortController | null = null;
  return createContext(state, {
    params: request.params,
    // The query parser and the body parser make nothing else; schemas have been applied to both.
    query: request.query as Context['query'],
    body: (request.body ?? undefined) as Context['body'],
    form: fields,
    files,
    bytes,
    signal() {
      client ??= abortedBy(reply);
      return client.signal;
    },
  });
}

async function receive(
  request: FastifyRequest,
  route: RegisteredRoute,
  state: RequestState,
): Promise<Bodies> {
  const bytes = request.body instanceof Uint8Array ? request.body : noBody.bytes;
  const type = state.headers['content-type'] ?? '';
  const { reads } = route.definition;
  const wanted = reads !== 'bytes' && (isForm(type) || (reads === 'form' && type === ''));
  const received = { bytes, ...(wanted ? await formBody(bytes, type, route) : noForm) };
  bodies.set(request, received);
  return received;
}

/** `curl -d` calls every body a form: where JSON is read, only a form that can be read counts (R14, R26). */
async function formBody(
  bytes: Uint8Array,
  type: string,
  { surface, definition }: RegisteredRoute,
): Promise<Form> {
  if (surface === 'page' || definition.reads === 'form') return parseFormBody(bytes, type);
  return parseFormBody(bytes, type).catch(() => noForm);
}

/** Strangers who open a page sign in first and come back (section 1.2 of the web contract). */
function needsLogin({ surface, definition }: RegisteredRoute, { method, caller }: RequestState): boolean {
  const isOpen = definition.identity === 'anyone' || definition.login === false;
  return surface === 'page' && method === 'GET' && caller.kind === 'anonymous' && !isOpen;
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
