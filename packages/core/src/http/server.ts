import type { Socket } from 'node:net';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Ids } from '../kernel/index.ts';
import { type Clock, HubError, type Logger } from '../plugin/index.ts';
import { logAccess } from './access-log.ts';
import { type Answer, redirect } from './answer.ts';
import { arrivals, routeOf } from './arrival.ts';
import { bodyLimit, lastValues } from './body.ts';
import { callerName, credentialOf } from './caller.ts';
import type { Context } from './context.ts';
import { type CookieSettings, createHubCookies, type HubCookies } from './cookies.ts';
import { failure, type RenderError } from './failure.ts';
import type { ForwardedSettings } from './forwarded.ts';
import { answerHeaders } from './headers.ts';
import type { Memberships, Sessions } from './ports.ts';
import { askWho, contextOf, mayStill, prepare } from './prepare.ts';
import type { RegisteredRoute, Routes } from './route.ts';
import { createRouteTable } from './route-table.ts';
import { sendAnswer } from './send.ts';
import { StreamWatch } from './stream-watch.ts';
import { type ListenerTls, tlsServers } from './tls-server.ts';
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
  readonly renderError?: RenderError;
  /** Where strangers go who open a page; `{H}login?next=…` unless given. */
  readonly loginUrl?: (context: Context) => string;
  /** Answers what no route of the pages knows (W1, W2, W5); without it, or with `null`: 404. */
  readonly otherwise?: (context: Context) => Promise<Answer | null> | Answer | null;
  /** Speaks https with those alone who show a certificate (W104); without it http. */
  readonly tls?: ListenerTls | null;
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
  /** For cookies of plugins; those of the login go through the context. */
  readonly cookies: HubCookies;
  readonly fastify: FastifyInstance;
  /** Completes the routes with answers for wrong methods (R3). No route can be added after it. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

const timeouts = { requestTimeout: 30_000, headersTimeout: 15_000 };

/** Assembles Fastify so that its answers are those of the contract (design section 8). */
export function createHttpServer(options: HttpOptions): HttpServer {
  const { clock, log, publicUrl } = options;
  const { basePath, hubPath } = options.cookies;
  const deps = {
    ...options,
    hubPath,
    cookies: createHubCookies(options.cookies),
    anonymousId: anonymousIds(options.anonymousId),
    publicSecure: publicUrl === '' ? null : new URL(publicUrl).protocol === 'https:',
  };
  const stateOf = arrivals(deps);
  const closing = new AbortController();
  const sendDeps = {
    clock,
    log,
    closing: closing.signal,
    watchReader: () => () => undefined,
    headers: answerHeaders({ ...deps, overrides: options.headers }),
  };
  const streams = new StreamWatch(options);
  const loginUrl =
    options.loginUrl ?? (({ url }: Context) => `${hubPath}login?next=${encodeURIComponent(url)}`);

  const app = fastify({
    ...(options.tls ? { serverFactory: tlsServers(options.tls, timeouts) } : {}),
    logger: false,
    exposeHeadRoutes: false,
    trustProxy: false,
    bodyLimit,
    requestTimeout: timeouts.requestTimeout,
    http: { headersTimeout: timeouts.headersTimeout },
    return503OnClosing: false,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
    routerOptions: {
      maxParamLength: 1024,
      querystringParser: (text) => lastValues(new URLSearchParams(text)),
    },
    clientErrorHandler: refuseBrokenRequest,
    frameworkErrors: (error, request, reply) => {
      reply.raw.once('close', () => access(request, reply)); // no hook runs for these
      return answerError(error, request, reply);
    },
  });
  app.decorateRequest('hub', null);
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));

  app.addHook('onRequest', async (request) => {
    stateOf(request);
    // Fastify refuses a content type it cannot parse; here it is one more header, kept in the state (R14, R22).
    delete request.raw.headers['content-type'];
  });
  app.addHook('preValidation', async (request, reply) => {
    const route = routeOf(request);
    if (!route) return;
    if ((await prepare(request, route, stateOf(request), deps)) === 'go on') return;
    return send(redirect(loginUrl(context(request, reply))), request, reply);
  });
  app.addHook('onResponse', async (request, reply) => access(request, reply));
  app.addHook('preClose', async () => closing.abort());
  app.setErrorHandler(answerError);
  app.setNotFoundHandler(answerUnknown);

  const table = createRouteTable(app, { basePath, hubPath }, async (route, request, reply) =>
    send(await route.definition.handle(context(request, reply)), request, reply),
  );

  return {
    ...table.mounts,
    routes: table.routes,
    cookies: deps.cookies,
    fastify: app,
    async ready() {
      table.complete();
      await app.ready();
    },
    close: () => app.close(),
  };

  function context(request: FastifyRequest, reply: FastifyReply): Context {
    return contextOf(request, stateOf(request), reply);
  }

  function send(answer: Answer, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const state = stateOf(request);
    if (answer.kind !== 'events') return sendAnswer(reply, state, answer, sendDeps);
    return sendAnswer(reply, state, answer, {
      ...sendDeps,
      watchReader(end) {
        const [credential, route] = [credentialOf(state.caller), routeOf(request)];
        if (credential === null || !route) return () => undefined;
        return streams.add({ credential, end, mayStill: () => mayStill(request, route, state, deps) });
      },
    });
  }

  async function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply) {
    const answer = await failure(error, stateOf(request), () => context(request, reply), options);
    return send(answer, request, reply);
  }

  /** R2: what the API does not know is 404 for everybody; pages are checked like any other (W3). */
  async function answerUnknown(request: FastifyRequest, reply: FastifyReply) {
    const state = stateOf(request);
    if (state.surface === 'page') {
      await askWho(state, undefined, deps);
      state.checkXsrf(new URLSearchParams());
      const answer = await options.otherwise?.(context(request, reply));
      if (answer) return send(answer, request, reply);
    }
    throw new HubError('HUB_NOT_FOUND', '');
  }

  function access(request: FastifyRequest, reply: FastifyReply): void {
    const { method, url, ip, caller, headers } = stateOf(request);
    const location = reply.getHeader('location');
    logAccess(log, {
      status: reply.statusCode,
      method,
      url,
      location: typeof location === 'string' ? location : undefined,
      user: callerName(caller),
      ip,
      ms: reply.elapsedTime,
      headers,
      quiet: routeOf(request)?.definition.quiet ?? false,
    });
  }
}

/** W117: what is no HTTP gets a bare answer, and the connection ends. */
function refuseBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return;
  const status = brokenStatus[error.code ?? ''] ?? '400 Bad Request';
  socket.end(`HTTP/1.1 ${status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
}

const brokenStatus: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};
