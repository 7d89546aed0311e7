import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import type { Clock, Logger } from '../plugin/index.ts';
import type { Answer } from './answer.ts';
import { encodeEvents, eventStreamHeaders } from './event-stream.ts';
import type { AnswerHeaders } from './headers.ts';
import type { RequestState } from './request-state.ts';

/** What answers are written with. */
export interface SendDeps {
  readonly headers: AnswerHeaders;
  readonly clock: Clock;
  readonly log: Logger;
  /** Aborted when the hub stops: event streams end, or they would hold it. */
  readonly closing: AbortSignal;
  /** Calls `end` when the one who reads may no longer; returns how to stop watching. */
  readonly watchReader: (end: () => void) => () => void;
}

/** Writes an answer, its headers and its cookies. */
export function sendAnswer(
  reply: FastifyReply,
  state: RequestState,
  answer: Answer,
  deps: SendDeps,
): FastifyReply {
  const headers = {
    ...surfaceHeaders(state, answer, deps.headers),
    ...answer.headers,
    ...(answer.kind !== 'file' && deps.headers.own),
  };
  reply.code(answer.status).headers(headers);
  for (const text of state.setCookies) reply.header('set-cookie', text);

  switch (answer.kind) {
    case 'empty':
      return reply.send();
    case 'events':
      return reply.headers(eventStreamHeaders).send(eventsOf(reply, answer, deps));
    case 'json':
      return sendBody(reply, state, answer.status, 'application/json', JSON.stringify(answer.value));
    case 'html':
      return sendBody(reply, state, answer.status, 'text/html; charset=utf-8', answer.html);
    case 'bytes':
    case 'file':
      return sendBody(reply, state, answer.status, answer.contentType, answer.body);
  }
}

function surfaceHeaders(state: RequestState, answer: Answer, headers: AnswerHeaders) {
  if (answer.kind === 'file') return headers.file(answer.versioned);
  if (state.surface === 'api' && answer.kind !== 'html') return headers.api();
  return headers.page({
    nonce: state.nonce,
    signedIn: state.caller.kind !== 'anonymous',
    formTargets: answer.kind === 'html' ? answer.formTargets : undefined,
  });
}

/** A Buffer keeps the content type bare: Fastify adds a charset to text (R5). */
function sendBody(
  reply: FastifyReply,
  { method, headers }: RequestState,
  status: number,
  contentType: string,
  body: string | Uint8Array,
): FastifyReply {
  const content =
    typeof body === 'string' ? Buffer.from(body) : Buffer.from(body.buffer, body.byteOffset, body.length);
  reply.header('content-type', contentType);
  if (method !== 'GET' || status !== 200) return reply.send(content);

  // W107: an answer that did not change need not travel again.
  const tag = `"${createHash('sha1').update(content).digest('hex')}"`;
  reply.header('etag', tag);
  const known = headers['if-none-match']?.split(',').some((one) => one.trim().replace(/^W\//, '') === tag);
  return known ? reply.code(304).removeHeader('content-type').send() : reply.send(content);
}

function eventsOf(
  reply: FastifyReply,
  answer: Extract<Answer, { kind: 'events' }>,
  { clock, log, closing, watchReader }: SendDeps,
): Readable {
  const client = new AbortController();
  reply.raw.once('close', () => client.abort());
  const refused = new AbortController();
  const unwatch = watchReader(() => refused.abort());
  reply.raw.once('close', unwatch);
  const text = encodeEvents(answer.events, {
    clock,
    keepAlive: answer.keepAlive,
    signal: AbortSignal.any([client.signal, closing, refused.signal]),
  });
  const stream = Readable.from(text, { objectMode: false });
  stream.on('error', (err) => {
    if (!client.signal.aborted) log.error({ err }, 'event stream failed');
  });
  return stream;
}
