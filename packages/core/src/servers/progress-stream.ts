import { type Changes, serverPrefix } from '../kernel/index.ts';
import type { Clock, ProgressEvent } from '../plugin/index.ts';
import type { ServerHooks, ServerRepository } from './ports.ts';
import { remedies } from './remedies.ts';
import { attemptReference, type Failure, type ServerRecord } from './server.ts';
import { onServerNews } from './server-news.ts';

const lookEveryMs = 1_000;

interface StreamParts {
  readonly servers: ServerRepository;
  readonly changes: Changes;
  readonly clock: Clock;
  readonly hub: { readonly baseUrl: string };
  readonly hooks: Pick<ServerHooks, 'progressReady'>;
}

/**
 * The story of a start (R86–R91): all events from its beginning, then those to come, and one final event. Ends
 * when the server is ready or will not be, or when `signal` is aborted.
 */
export async function* progressStream(
  parts: StreamParts,
  first: ServerRecord,
  signal: AbortSignal,
): AsyncGenerator<ProgressEvent> {
  let attempt = first.attempt;
  let seq = -1;
  let place: number | null = null;
  let began = parts.clock.monotonic();
  const news = newsOf(parts, first.id, signal);
  try {
    for (let server: ServerRecord | null = first; server; server = await parts.servers.byId(first.id)) {
      if (server.attempt !== attempt) {
        [attempt, seq] = [server.attempt, 0]; // its first event was told before
        [began, place] = [parts.clock.monotonic(), null];
      }
      if (server.phase === 'queued' || server.phase === 'starting') {
        for (const row of await parts.servers.eventsSince(server.id, attempt, seq)) {
          seq = row.seq;
          yield row.event;
        }
        const position = server.phase === 'queued' ? await parts.servers.queuePosition(server.id) : null;
        // Whose turn is next and has room at once waits for nothing worth telling.
        const isNews = position !== 0 || place !== null || parts.clock.monotonic() - began >= lookEveryMs;
        if (position !== null && position !== place && isNews) {
          yield waiting(position);
          place = position;
        }
        if (position === null) place = null;
      } else {
        yield* ending(parts, server, seq);
        return;
      }
      if (signal.aborted) return;
      await news.next();
      if (signal.aborted) return;
    }
    yield cancelled;
  } finally {
    news.end();
  }
}

async function* ending(parts: StreamParts, server: ServerRecord, seq: number): AsyncGenerator<ProgressEvent> {
  if (server.phase === 'ready' && seq < 0) {
    yield await finalEvent(parts, server); // it was ready before anyone asked: only this (R89)
    return;
  }
  if (seq >= 0)
    for (const row of await parts.servers.eventsSince(server.id, server.attempt, seq)) yield row.event;
  yield await finalEvent(parts, server);
}

/** The one event a finished start is told by; of a server that is ready, as the configuration wants it (R89). */
export async function finalEvent(
  { hub, hooks }: Pick<StreamParts, 'hub' | 'hooks'>,
  server: ServerRecord,
): Promise<ProgressEvent> {
  if (server.phase === 'ready') return hooks.progressReady(readyEvent(hub.baseUrl, server), server);
  return server.failure ? failedEvent(server, server.failure) : cancelled;
}

const cancelled: ProgressEvent = { progress: 100, failed: true, message: 'Spawn cancelled' };

function readyEvent(baseUrl: string, server: ServerRecord): ProgressEvent {
  const url = serverPrefix(baseUrl, server.userName, server.name);
  return {
    progress: 100,
    ready: true,
    message: `Server ready at ${url}`,
    html_message: `Server ready at <a href="${url}">${url}</a>`,
    url,
  };
}

function failedEvent(server: ServerRecord, failure: Failure): ProgressEvent {
  if (failure.cause === 'cancelled') return cancelled;
  return {
    progress: 100,
    failed: true,
    message: `Spawn failed: ${failure.message}`,
    ...(failure.messageHtml === null ? {} : { html_message: failure.messageHtml }),
    cause: failure.cause,
    hint: failure.hint ?? remedies[failure.cause],
    reference: attemptReference(server, failure.attempt),
  };
}

function waiting(place: number): ProgressEvent {
  if (place === 0) return { progress: 0, message: 'Waiting: yours is the next start', queue: 0 };
  const starts = place === 1 ? '1 start' : `${place} starts`;
  return { progress: 0, message: `Waiting: ${starts} before yours`, queue: place };
}

/** Wakes on news of one server, and by itself every second: news may be lost. */
function newsOf(parts: StreamParts, id: number, signal: AbortSignal) {
  let wake: () => void = () => undefined;
  let missed = false;
  const heard = (about: number) => {
    if (about !== id) return;
    missed = true;
    wake();
  };
  const ends = [
    onServerNews(
      parts.changes,
      (news) => heard(news.id),
      () => wake(),
    ),
    parts.changes.subscribe(
      'progress',
      (about) => heard(Number(about)),
      () => wake(),
    ),
  ];
  return {
    async next(): Promise<void> {
      if (!missed) {
        const timer = new AbortController();
        const either = AbortSignal.any([signal, timer.signal]);
        const news = new Promise<void>((resolve) => {
          wake = resolve;
        });
        // An aborted signal ends the wait like any news does; the caller looks at it next.
        await Promise.race([news, parts.clock.sleep(lookEveryMs, either).catch(() => undefined)]);
        timer.abort();
      }
      missed = false;
    },
    end() {
      for (const end of ends) end();
    },
  };
}
