import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Ids } from '../kernel/index.ts';
import { type Clock, HubError, type Logger } from '../plugin/index.ts';
import { logAccess, scrubUrl } from './access-log.ts';
import { type Answer, html, json } from './answer.ts';
import { bodyLimit, lastValues } from './body.ts';
import { callerName } from './caller.ts';
import type { Context } from './context.ts';
import type { CookieSettings } from './cookies.ts';
import { createHubCookies } from './cookies.ts';
import { type ErrorAnswer, errorAnswer, errorBody, type PageError, pageError } from './errors.ts';
import { clientOrigin, type ForwardedSettings } from './forwarded.ts';
import { answerHeaders } from './headers.ts';
import type { Memberships, Sessions } from './ports.ts';
import { contextOf, prepare } from './prepare.ts';
import { createRequestState, type RequestState } from './request-state.ts';
import type { RegisteredRoute, Routes } from './route.ts';
import { createRouteTable } from './route-table.ts';
import { sendAnswer } from './send.ts';
import { type AnonymousIdSettings, anonymousIds } from './xsrf.ts';

/** Everything the web side of a hub is made of. */
export interface HttpOptions {
  readonly sessions: Sessions;
  readonly memberships: Memberships;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  readonly cookies: CookieSettings;
  readonly forwarded: ForwardedSettings;
  readonly anonymousId: AnonymousIdSettings;
  /** Where people reach the hub, or `''` when only requests tell. */
  readonly publicUrl: string;
  readonly subdomainHost: string | null;
  readonly compatibleVersion: string;
  /** The operator's own headers (W107). */
  readonly headers: Readonly<Record<string, string>>;
  /** Draws an error as HTML (W111); without it errors of pages are plain text. */
  readonly renderError?: (error: PageError, context: Context) => Promise<string> | string;
  /** Answers what no route of the pages knows (W1, W2, W5); without it, or with `null`: 404. */
  readonly otherwise?: (context: Context) => Promise<Answer | null> | Answer | null;
}

/** The web side of a hub, ready to be given routes. */
export interface HttpServer {
  /** Below `{H}api`: JSON, token or cookie. */
  readonly api: Routes;
  /** Below `H`: pages, cookie only. */
  readonly hub: Routes;
  /** Below the base path: pages, cookie only. */
  readonly base: Routes;
  readonly routes: readonly RegisteredRoute[];
  readonly fastify: FastifyInstance;
  /** Completes the routes with answers for wrong methods (R3). No route can be added after it. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

declare module 'fastify' {
  interface FastifyRequest {
    hub: RequestState | null;
  }
  interface FastifyContextConfig {
    hubRoute?: RegisteredRoute;
  }
}

/** Assembles Fastify so that its answers are those of the contract (design section 8). */
export function createHttpServer(options: HttpOptions): HttpServer {
  const { clock, log } = options;
  const { basePath, hubPath } = options.cookies;
  const cookies = createHubCookies(options.cookies);
  const stateDeps = { ...options, cookies, anonymousId: anonymousIds(options.anonymousId) };
  const sendDeps = {
    clock,
    log,
    headers: answerHeaders({ ...options, hubPath, overrides: options.headers }),
  };

  const app = fastify({
    logger: false,
    exposeHeadRoutes: false,
    trustProxy: false,
    bodyLimit,
    requestTimeout: 30_000,
    http: { headersTimeout: 15_000 },
    return503OnClosing: false,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
    routerOptions: {
      maxParamLength: 1024,
      querystringParser: (text) => lastValues(new URLSearchParams(text)),
    },
    clientErrorHandler: refuseBrokenRequest,
    frameworkErrors: (error, request, reply) => {
      const state = arrive(request);
      reply.raw.once('finish', () => access(request, reply, state));
      return answerError(error, request, reply);
    },
  });
  app.decorateRequest('hub', null);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  app.addHook('onRequest', async (request) => {
    arrive(request);
    // Fastify refuses a content type it cannot parse; here nobody asks for one (R14, R22).
    if (!request.headers['content-type']?.startsWith('multipart/form-data'))
      delete request.raw.headers['content-type'];
  });
  app.addHook('preValidation', async (request) => {
    const route = request.routeOptions.config.hubRoute;
    if (route) await prepare(request, route, stateOf(request), { ...options, cookies });
  });
  app.addHook('onResponse', async (request, reply) => access(request, reply, stateOf(request)));
  app.setErrorHandler(answerError);
  app.setNotFoundHandler(answerUnknown);

  const table = createRouteTable(app, { basePath, hubPath }, async (route, request, reply) => {
    const answer = await route.definition.handle(contextOf(request, stateOf(request), reply));
    return sendAnswer(reply, stateOf(request), answer, sendDeps);
  });

  return {
    ...table.mounts,
    routes: table.routes,
    fastify: app,
    async ready() {
      table.complete();
      await app.ready();
    },
    close: () => app.close(),
  };

  function arrive(request: FastifyRequest): RequestState {
    const headers = { ...request.headers };
    const { socket } = request.raw;
    const connection = {
      remoteAddress: socket.remoteAddress ?? '',
      encrypted: 'encrypted' in socket,
      headers,
    };
    request.hub = createRequestState(
      {
        method: request.method,
        url: request.raw.url ?? '/',
        headers: textHeaders(headers),
        origin: clientOrigin(connection, options.forwarded),
        surface: surfaceOf(request),
      },
      stateDeps,
    );
    return request.hub;
  }

  function stateOf(request: FastifyRequest): RequestState {
    return request.hub ?? arrive(request);
  }

  function surfaceOf(request: FastifyRequest): 'page' | 'api' {
    const path = (request.raw.url ?? '').split('?', 1)[0] ?? '';
    const inApi = path === `${hubPath}api` || path.startsWith(`${hubPath}api/`);
    return request.routeOptions.config?.hubRoute?.surface ?? (inApi ? 'api' : 'page');
  }

  async function answerError(
    error: unknown,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const state = stateOf(request);
    const found = errorAnswer(error);
    if (found.unexpected) {
      const user = callerName(state.caller);
      log.error({ err: error, method: state.method, url: scrubUrl(state.url), user }, 'request failed');
    }
    return sendAnswer(reply, state, await errorAs(state, found, request, reply), sendDeps);
  }

  async function errorAs(
    state: RequestState,
    found: ErrorAnswer,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<Answer> {
    if (state.surface === 'api') return json(errorBody(found), found.status, found.headers);
    const page = pageError(found);
    const plain = `${page.status} : ${page.message ?? page.reason}\n`;
    const { status, headers } = found;
    if (!options.renderError)
      return { kind: 'bytes', contentType: 'text/plain; charset=utf-8', body: plain, status, headers };
    try {
      return html(await options.renderError(page, contextOf(request, state, reply)), status, { headers });
    } catch (err) {
      log.error({ err, status }, 'error page failed');
      return { kind: 'bytes', contentType: 'text/plain; charset=utf-8', body: plain, status, headers };
    }
  }

  /** R2: unknown paths of the API are 404 for everybody, before any other check. */
  async function answerUnknown(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const state = stateOf(request);
    const answer =
      state.surface === 'page' ? await options.otherwise?.(contextOf(request, state, reply)) : null;
    if (answer) return sendAnswer(reply, state, answer, sendDeps);
    return answerError(new HubError('HUB_NOT_FOUND', ''), request, reply);
  }

  function access(request: FastifyRequest, reply: FastifyReply, state: RequestState): void {
    const location = reply.getHeader('location');
    logAccess(log, {
      status: reply.statusCode,
      method: state.method,
      url: state.url,
      location: typeof location === 'string' ? location : undefined,
      user: callerName(state.caller),
      ip: state.ip,
      ms: reply.elapsedTime,
      headers: state.headers,
      quiet: request.routeOptions.config?.hubRoute?.definition.quiet ?? false,
    });
  }
}

function textHeaders(headers: FastifyRequest['headers']): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}

/** W117: what is no HTTP gets a bare answer, and the connection ends. */
function refuseBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return;
  const line =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : '400 Bad Request';
  socket.end(Buffer.from(`HTTP/1.1 ${line}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`));
}
